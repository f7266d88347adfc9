LIMITERD_TESTS := bucket budget pool target account ledger limiter lease move random
TESTS += $(LIMITERD_TESTS:%=tests/limiterd/%_t)

define limiterd_test
tests/limiterd/$(1)_t_SOURCES := tests/limiterd/$(1)_t.c tests/tap/tap.c $(2)
endef
$(eval $(call limiterd_test,bucket,limiterd/bucket.c))
$(eval $(call limiterd_test,budget,limiterd/budget.c))
$(eval $(call limiterd_test,pool,limiterd/pool.c))
$(eval $(call limiterd_test,target,$(addprefix limiterd/,news.c pool.c target.c)))
$(eval $(call limiterd_test,account,$(limiterd_CORE)))
$(eval $(call limiterd_test,ledger,limiterd/ledger.c))
$(eval $(call limiterd_test,limiter,tests/limiterd/stage.c $(limiterd_CORE)))
$(eval $(call limiterd_test,lease,tests/limiterd/stage.c $(limiterd_CORE)))
$(eval $(call limiterd_test,move,tests/limiterd/stage.c $(limiterd_CORE)))
$(eval $(call limiterd_test,random,tests/limiterd/stage.c $(limiterd_CORE)))

TOOLS += store-suite
store-suite_SOURCES := $(addprefix tests/limiterd/,store_suite.c player.c) tests/tap/tap.c $(limiterd_DECIDER)
store-suite_LIBS := -lhiredis
