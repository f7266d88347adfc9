# What a wall clock is set with: preloaded into programs with and without sanitizers, it has none.
CLOCK := $(BUILD)/bin/test-clock.so
all: $(CLOCK)
$(CLOCK): tests/system/clock.c
	@mkdir -p $(@D)
	@echo "  link  $@"
	@$(CC) $(filter-out -fsanitize=% -fno-sanitize-recover=all -fPIE,$(CPPFLAGS) $(CFLAGS)) -fPIC -shared -o $@ $<
