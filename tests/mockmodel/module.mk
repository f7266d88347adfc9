TOOLS += heimgate-mockmodel
heimgate-mockmodel_SOURCES := $(wildcard tests/mockmodel/*.c)
