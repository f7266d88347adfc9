# Installing on a machine without containers.  What is installed, and where, stands here and nowhere else.
PREFIX     ?= /usr/local
SYSCONFDIR ?= /etc
DESTDIR    ?=
LIBEXECDIR := $(PREFIX)/libexec/heimgate
CONFDIR    := $(SYSCONFDIR)/heimgate
UNITDIR    := $(PREFIX)/lib/systemd/system
MANDIR     := $(PREFIX)/share/man
UNITS      := heimgate.target heimgate-.service.d/isolation.conf \
              $(notdir $(wildcard compose/systemd/heimgate-*.service))

# MODE:SOURCE:TARGET.  heimgate-seal is for containers alone.
INSTALLED = $(foreach name,$(filter-out heimgate-seal,$(PROGRAMS)),0755:$(BUILD)/bin/$(name):$(LIBEXECDIR)/$(name)) \
            0755:compose/systemd/heimgate.sh:$(PREFIX)/bin/heimgate \
            $(foreach unit,$(UNITS),0644:compose/systemd/$(unit):$(UNITDIR)/$(unit)) \
            0644:compose/systemd/sysusers.conf:$(PREFIX)/lib/sysusers.d/heimgate.conf \
            0644:compose/systemd/tmpfiles.conf:$(PREFIX)/lib/tmpfiles.d/heimgate.conf \
            $(foreach page,$(notdir $(wildcard docs/man/*)),\
              0644:docs/man/$(page):$(MANDIR)/man$(subst .,,$(suffix $(page)))/$(page))
# What people edit: installed where there is none, and taken away as long as nobody has.
CONFIGURATION = $(foreach file,heimgate.env models.json,0644:compose/systemd/$(file):$(CONFDIR)/$(file))
OWN_DIRECTORIES = $(LIBEXECDIR) $(UNITDIR)/heimgate-.service.d $(CONFDIR)

INSTALL = DESTDIR='$(DESTDIR)' LIBEXECDIR='$(LIBEXECDIR)' CONFDIR='$(CONFDIR)' compose/install.sh

.PHONY: install
install: $(PROGRAMS:%=$(BUILD)/bin/%) ## install below PREFIX (/usr/local), for systemd; DESTDIR is honoured
	@$(INSTALL) put $(INSTALLED)
	@$(INSTALL) offer $(CONFIGURATION)
	@printf '\nInstalled. To start it now and at every boot, as root:\n\n%s\n%s\n%s\n\nA first key: %s\n' \
		'  systemd-sysusers && systemd-tmpfiles --create && systemctl daemon-reload' \
		'  $${EDITOR:-vi} $(CONFDIR)/heimgate.env $(CONFDIR)/models.json' \
		'  systemctl enable --now heimgate.target' '$(PREFIX)/bin/heimgate key create --name first'

.PHONY: uninstall
uninstall: ## remove what `make install` installed; state, users and edited files stay
	@$(INSTALL) withdraw $(CONFIGURATION)
	@$(INSTALL) remove $(INSTALLED)
	@$(INSTALL) remove-empty $(OWN_DIRECTORIES)
	@printf 'Removed. What is left: /var/lib/heimgate, the users heimgate-*, and in %s what was edited.\n' '$(CONFDIR)'

# --- how Ollama runs behind heimgate ---

SYSTEM ?= $(shell uname -s)
OLLAMA_Linux       = 0644:compose/ollama/heimgate.conf:/etc/systemd/system/ollama.service.d/heimgate.conf
OLLAMA_Linux_use   = sudo systemctl daemon-reload && sudo systemctl restart ollama
OLLAMA_Linux_leave = $(OLLAMA_Linux_use)

OLLAMA_Darwin       = 0644:compose/ollama/heimgate.ollama.plist:$(HOME)/Library/LaunchAgents/heimgate.ollama.plist
OLLAMA_Darwin_use   = launchctl bootstrap gui/$$(id -u) $(HOME)/Library/LaunchAgents/heimgate.ollama.plist
OLLAMA_Darwin_leave = launchctl bootout gui/$$(id -u)/heimgate.ollama

OLLAMA_PROFILE = $(or $(OLLAMA_$(SYSTEM)),$(error there is a profile of Ollama for Linux and for Darwin))
OLLAMA_PLACE   = $(lastword $(subst :, ,$(OLLAMA_PROFILE)))

.PHONY: ollama-install
ollama-install: ## install how Ollama runs behind heimgate: a systemd drop-in, or a LaunchAgent on a Mac
	@$(INSTALL) put $(OLLAMA_PROFILE)
	@printf 'Installed %s\nTo use it: %s\n' '$(OLLAMA_PLACE)' '$(OLLAMA_$(SYSTEM)_use)'

.PHONY: ollama-uninstall
ollama-uninstall: ## remove what `make ollama-install` installed
	@$(INSTALL) remove $(OLLAMA_PROFILE)
	@printf 'Removed %s\nTo be done with it: %s\n' '$(OLLAMA_PLACE)' '$(OLLAMA_$(SYSTEM)_leave)'
