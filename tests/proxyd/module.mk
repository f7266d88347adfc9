PROXYD_TESTS := sse splice usage modellist wrap head leases revocation
TESTS += $(PROXYD_TESTS:%=tests/proxyd/%_t)

define proxyd_test
tests/proxyd/$(1)_t_SOURCES := tests/proxyd/$(1)_t.c tests/tap/tap.c proxyd/$(1).c $(2)
endef
$(eval $(call proxyd_test,sse,proxyd/usage.c proxyd/problem.c))
$(eval $(call proxyd_test,splice))
$(eval $(call proxyd_test,usage))
$(eval $(call proxyd_test,modellist))
$(eval $(call proxyd_test,wrap))
$(eval $(call proxyd_test,head))
$(eval $(call proxyd_test,leases))
$(eval $(call proxyd_test,revocation))
