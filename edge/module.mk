PROGRAMS += heimgate-edge
heimgate-edge_SOURCES := $(wildcard edge/*.c)
