PROGRAMS += heimgate-proxyd heimgate-check

heimgate-proxyd_SOURCES := $(filter-out proxyd/check%,$(wildcard proxyd/*.c))
heimgate-proxyd_LIBS := -lcurl
heimgate-check_SOURCES := $(wildcard proxyd/check*.c)
