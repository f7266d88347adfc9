# The suite in containers.  STACK=dev is the stack on :8010; IMAGE another image, which then is not built here.
STACK   ?= prod
IMAGE   ?=
WITH    ?=
COMPOSE ?= podman-compose

OWN_IMAGE_prod := localhost/heimgate:$(VERSION)
OWN_IMAGE_dev  := localhost/heimgate:dev
OWN_IMAGE       = $(OWN_IMAGE_$(STACK))
# Of the commit, so that the same input makes the same layers.
SOURCE_DATE_EPOCH ?= $(or $(shell git log -1 --format=%ct 2>/dev/null),0)

.PHONY: image
image: ## build the container image and print its size
	podman build --timestamp $(SOURCE_DATE_EPOCH) --label org.opencontainers.image.version=$(VERSION) \
		-f compose/Containerfile -t $(OWN_IMAGE) .
	@podman image inspect --format '{{.Size}}' $(OWN_IMAGE) | awk '{ printf "$(OWN_IMAGE): %.1f MiB\n", $$1 / 1048576 }'

BACKUP  ?=
CONFIRM ?=
IN_STACK = IMAGE='$(or $(IMAGE),$(OWN_IMAGE))' WITH='$(WITH)' COMPOSE='$(COMPOSE)' \
           BACKUP='$(BACKUP)' CONFIRM='$(CONFIRM)' compose/stack.sh

.PHONY: up down dev-up dev-down logs ps secrets backup restore
dev-up dev-down: STACK = dev
up dev-up secrets restore: $(if $(IMAGE),,image)
up: ## start the production stack on 127.0.0.1:8000; WITH="tls tunnel" adds overlays
	@$(IN_STACK) $(STACK) up
dev-up: ## start the development stack on 127.0.0.1:8010
	@$(IN_STACK) $(STACK) up
down: ## stop the production stack; its data stays
	@$(IN_STACK) $(STACK) down
dev-down: ## stop the development stack; its data stays
	@$(IN_STACK) $(STACK) down
logs: ## show what the stack's containers said (STACK=dev)
	@$(IN_STACK) $(STACK) logs
ps: ## show the stack's containers (STACK=dev)
	@$(IN_STACK) $(STACK) ps
secrets: ## make the stack's secrets that are missing (STACK=dev)
	@$(IN_STACK) $(STACK) secrets
backup: ## save keys and history of the running stack below var/backup (STACK=dev)
	@$(IN_STACK) $(STACK) backup
restore: ## bring back BACKUP=var/backup/...; CONFIRM=yes (STACK=dev)
	@$(IN_STACK) $(STACK) restore
