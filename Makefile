# make demo      set up, build, survey a real model over WordNet, print where the report is
# make test      set up, build, run every test; ends with "N passed, N failed, N skipped"
# make install   build and install (PREFIX, DESTDIR)
# make bench     ratios against peers, in a virtual environment that it makes
# make           build only
BUILD  ?= build
PREFIX ?= /usr/local
CACHE  := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/gonio
MODEL  := $(CACHE)/models/all-MiniLM-L6-v2
CORPUS := $(CACHE)/text/wordnet-examples.tsv
# Peers and we run with the core type that OpenBLAS detects.
unexport OPENBLAS_CORETYPE
export GN_DEMO_MODEL := $(MODEL)
export GN_DEMO_CORPUS := $(CORPUS)

.PHONY: all demo test test-sanitized install bench clean

all:
	@tools/setup build
	@tools/build $(BUILD)

demo:
	@tools/setup demo
	@tools/build $(BUILD)
	$(BUILD)/cli/gonio survey $(MODEL) $(CORPUS) --pool target -o demo

test:
	@tools/setup test
	@tools/run-tests $(BUILD)

install: all
	meson configure $(BUILD) -Dprefix=$(PREFIX)
	meson install -C $(BUILD)

bench:
	@tools/setup bench
	@tools/build $(BUILD)
	@bench/run $(BUILD) $(CACHE)/peers

clean:
	rm -rf build build-*
