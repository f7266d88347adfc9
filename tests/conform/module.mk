.PHONY: conform
conform: ## judge a daemon of your own: DAEMON=limiterd ADDR=ipc:///its/run/directory; SECRETS=directory, MODEL=name
	@tests/conform/conform.py $(DAEMON) $(ADDR) $(SECRETS:%=--secrets %) $(MODEL:%=--model %)
