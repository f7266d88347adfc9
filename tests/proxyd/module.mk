PROXYD_TESTS := sse lines splice circuit backoff tally modellist passed wrap head leases revocation images show
TESTS += $(PROXYD_TESTS:%=tests/proxyd/%_t)

define proxyd_test
tests/proxyd/$(1)_t_SOURCES := tests/proxyd/$(1)_t.c tests/tap/tap.c proxyd/$(1).c $(2)
endef
$(eval $(call proxyd_test,sse,proxyd/tally.c proxyd/hold.c proxyd/problem.c))
$(eval $(call proxyd_test,lines,proxyd/tally.c proxyd/hold.c proxyd/problem.c))
$(eval $(call proxyd_test,splice,proxyd/edit.c))
$(eval $(call proxyd_test,circuit))
$(eval $(call proxyd_test,backoff))
$(eval $(call proxyd_test,tally))
$(eval $(call proxyd_test,modellist,proxyd/modellist_ollama.c))
$(eval $(call proxyd_test,passed))
tests/proxyd/passed_t_LIBS := -lcurl
$(eval $(call proxyd_test,wrap))
$(eval $(call proxyd_test,head))
$(eval $(call proxyd_test,leases))
$(eval $(call proxyd_test,revocation))
$(eval $(call proxyd_test,images,proxyd/images_text.c tests/proxyd/images_properties.c))
$(eval $(call proxyd_test,show))
