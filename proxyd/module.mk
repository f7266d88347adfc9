PROGRAMS += heimgate-proxyd heimgate-check heimgate-models

heimgate-proxyd_SOURCES := $(filter-out proxyd/check% proxyd/models.c,$(wildcard proxyd/*.c))
heimgate-proxyd_LIBS := -lcurl
heimgate-check_SOURCES := $(wildcard proxyd/check*.c)
heimgate-models_SOURCES := proxyd/models.c
