PROGRAMS += heimgate-frames
heimgate-frames_SOURCES := $(addprefix frames/,main.c relay.c place.c screen.c describe.c)
