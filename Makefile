# clary. `make help` lists the targets. Everything that is made goes under
# build/; a variant (sanitize, fuzz) is the same rules with another BUILD.

# --- what you may override
CC         := gcc
NM         ?= nm
BUILD      ?= build/release
OPT        ?= -O2
CFLAGS     ?=
LDFLAGS    ?=
SAN        ?=
PKG_CONFIG ?= pkg-config
PREFIX     ?= /usr/local
PORT       ?= 8080
ARCH       ?= amd64
FUZZ_SECONDS ?= 60
# V=1 shows the commands; WERROR=1 makes a warning an error; STATIC=PREFIX
#   links nothing shared (scripts/image/static.mk)

# --- what the project decides
# -ffp-contract=off: an FMA only where it is written, so that every kernel
#   table gives the bits of the scalar one.
# -fsigned-char: the same on every machine; arm64 has it the other way round.
# Never -Ofast or -ffast-math: they make isnan() false, and a NaN is a
#   "missing value" to a tree. Never -march=native: one binary, many machines.
PACKAGES := libmicrohttpd openblas libarchive zlib libcjson libprotobuf-c libmd
WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes \
            -Wmissing-prototypes -Wvla -Wdouble-promotion -Wundef -Wcast-qual \
            -Wformat=2 -Wno-missing-field-initializers \
            $(if $(WERROR),-Werror)
# Fortify and the sanitizers intercept the same functions; one at a time.
HARDENING := $(if $(SAN),-fno-omit-frame-pointer -fno-sanitize-recover=all, \
             -D_FORTIFY_SOURCE=2) -fstack-protector-strong

OBJ := $(BUILD)/obj
BIN := $(BUILD)/bin
GEN := $(BUILD)/gen
LIB := $(BUILD)/lib/libclary.a
VENV := build/venv
PEERS_VENV := build/venv-peers
DEPLOY_VENV := build/venv-deploy
TRAINING_VENV := build/venv-training
SDK_VENV := build/venv-sdk
FOREST_VENV := build/venv-forest
IMAGE_VENV := build/venv-image
DEPLOY_NODE := build/node-deploy
# what is compiled for, which need not be this machine
MACHINE := $(shell $(CC) -dumpmachine)
PROCESSOR := $(firstword $(subst -, ,$(MACHINE)))
JOBS  = $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))

# Headers of libraries are system headers: no warnings for them.
PACKAGE_CFLAGS := $(patsubst -I%,-isystem %,\
    $(shell $(PKG_CONFIG) --cflags $(PACKAGES) 2>/dev/null))
PACKAGE_LIBS := $(shell $(PKG_CONFIG) --libs $(PACKAGES) 2>/dev/null)
ifdef STATIC
include scripts/image/static.mk
endif

BASE_CFLAGS := -std=c11 -D_GNU_SOURCE $(OPT) -g -ffp-contract=off \
               -fno-math-errno -fsigned-char -pthread $(HARDENING) $(SAN) \
               $(CFLAGS)
INCLUDES := -Iinclude -Isrc -I. -I$(GEN) $(PACKAGE_CFLAGS)
COMPILE   = $(CC) $(BASE_CFLAGS) $(WARNINGS) $(ISA) $(INCLUDES) -MMD -MP -c
LINK      = $(CC) $(BASE_CFLAGS) $(LDFLAGS) -Wl,-z,relro,-z,now \
            -Wl,--as-needed
LIBS     := $(PACKAGE_LIBS) -lm -pthread

# --- files
PROTO     := $(sort $(wildcard src/format/proto/*.proto))
PROTO_C   := $(PROTO:src/%.proto=$(GEN)/%.pb-c.c)
PROTO_H   := $(PROTO_C:.c=.h)
OTHER_ISA := $(if $(filter x86_64,$(PROCESSOR)),,%_avx2.c %_avx512.c) \
             $(if $(filter aarch64,$(PROCESSOR)),,%_neon.c)
LIB_C     := $(filter-out $(OTHER_ISA),\
             $(sort $(wildcard src/*.c src/*/*.c src/*/*/*.c)))
SERVE_C   := $(sort $(wildcard serve/*.c))
TEST_C    := $(sort $(wildcard tests/unit/test_*.c))
FUZZ_C    := $(sort $(wildcard tests/fuzz/fuzz_*.c))
BENCH_C   := $(sort $(wildcard bench/bench_*.c))

LIB_O     := $(LIB_C:%.c=$(OBJ)/%.o) $(PROTO_C:$(GEN)/%.c=$(OBJ)/gen/%.o)
PROGRAM   := $(if $(SERVE_C),$(BIN)/clary)
UNIT_TESTS  := $(TEST_C:tests/unit/%.c=$(BIN)/tests/%)
SERVE_TESTS := $(patsubst tests/serve/%.c,$(BIN)/tests/%,\
               $(sort $(wildcard tests/serve/test_*.c)))
TESTS     := $(UNIT_TESTS) $(SERVE_TESTS)
# make test-arm64: the NEON tables and what runs on them. OpenBLAS's threads and
# /proc are not what they are on a machine (test_gemm, test_golden, test_cpu).
ARM64_TESTS := $(patsubst %,$(BIN)/tests/test_%,kernel kernel_forest \
    kernel_math kernel_cells number csv csv_window json_rows \
    op_unary op_binary op_dense op_reduce forest forest_shap explain \
    categories lightgbm xgboost xgboost_pickle)
# make test-avx512: the same for the AVX-512 tables.
AVX512_TESTS := $(patsubst %,$(BIN)/tests/test_%,cpu kernel kernel_math \
    kernel_cells kernel_forest csv_window op_dense)
FUZZERS   := $(FUZZ_C:tests/fuzz/%.c=$(BIN)/fuzz/%)
BENCHES   := $(BENCH_C:bench/%.c=$(BIN)/bench/%)
EXHAUSTIVE := $(patsubst %.c,$(BIN)/%,$(sort $(wildcard bench/exhaustive_*.c)))
# programs that the scripts of bench/ run
BENCH_TOOLS := $(patsubst bench/http/%.c,$(BIN)/bench/%,\
               $(sort $(wildcard bench/http/*.c)))
# What supplies main() to a fuzz target: our own replay of the corpus, or
# libFuzzer (make fuzz).
FUZZ_ENGINE ?=
FUZZ_MAIN := $(if $(FUZZ_ENGINE),,$(OBJ)/tests/fuzz/replay.o)

Q := $(if $(V),,@)
say = @printf '  %-6s %s\n' $(1) $(2)

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:

# --- rules
$(BIN)/clary: $(SERVE_C:%.c=$(OBJ)/%.o) $(LIB)
$(UNIT_TESTS): $(BIN)/tests/%: $(OBJ)/tests/unit/%.o $(LIB)
$(SERVE_TESTS): $(BIN)/tests/%: $(OBJ)/tests/serve/%.o \
    $(filter-out %/main.o,$(SERVE_C:%.c=$(OBJ)/%.o)) $(LIB)
$(BENCHES) $(EXHAUSTIVE): $(BIN)/bench/%: $(OBJ)/bench/%.o $(LIB)
$(BENCH_TOOLS): $(BIN)/bench/%: $(OBJ)/bench/http/%.o
$(FUZZERS): $(BIN)/fuzz/%: $(OBJ)/tests/fuzz/%.o $(FUZZ_MAIN) $(LIB)
$(FUZZERS): private LDFLAGS += $(FUZZ_ENGINE)

$(PROGRAM) $(TESTS) $(BENCHES) $(EXHAUSTIVE) $(BENCH_TOOLS) $(FUZZERS):
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(LINK) -o $@ $^ $(LIBS)

$(LIB): $(LIB_O)
	$(call say,AR,$@)
	@mkdir -p $(@D)
	@rm -f $@
	$(Q)$(AR) rcsD $@ $^

$(OBJ)/%.o: %.c $(BUILD)/flags $(PROTO_H) | packages
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(COMPILE) -o $@ $<

# Only these files may use the instructions of one CPU generation; the table
# in them is chosen at run time. (private: not for what they depend on.)
AVX2      := -O3 -mavx2 -mfma -mbmi -mbmi2 -mpopcnt
AVX512    := -mavx512f -mavx512bw -mavx512dq -mavx512vl
$(OBJ)/src/kernel/%_avx2.o: private ISA := $(AVX2)
$(OBJ)/src/kernel/%_avx512.o: private ISA := $(AVX2) $(AVX512)
$(OBJ)/src/kernel/%_neon.o: private ISA := -O3

# Loops over the elements of tensors, whose length is known at run time only:
# gcc makes vectors of them from -O3 on.
$(OBJ)/src/program/op_%.o: private ISA := $(OPT:-O2=-O3)

# protobuf-c's output is not ours to warn about.
$(OBJ)/gen/%.o: private WARNINGS :=
$(OBJ)/gen/%.o: $(GEN)/%.c $(BUILD)/flags | packages
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(COMPILE) -o $@ $<

$(GEN)/%.pb-c.c $(GEN)/%.pb-c.h &: src/%.proto $(BUILD)/flags | packages
	$(call say,PROTO,$<)
	@mkdir -p $(GEN)
	$(Q)protoc-c --proto_path=src --c_out=$(GEN) $<

# Rewritten only when the compiler or a flag changes; every object depends on
# it.
$(BUILD)/flags: force
	@mkdir -p $(@D)
	@{ $(CC) --version; echo '$(COMPILE) $(LINK) $(LIBS)'; } > $@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

# Python is for tests only, and only from here.
$(PEERS_VENV)/made: bench/peers/requirements.txt
	$(call say,VENV,$(PEERS_VENV))
	$(Q)python3 -m venv --clear $(PEERS_VENV)
	$(Q)$(PEERS_VENV)/bin/pip install --quiet --disable-pip-version-check -r $<
	@touch $@

$(VENV)/made: tests/requirements.txt
	$(call say,VENV,$(VENV))
	$(Q)python3 -m venv --clear $(VENV)
	$(Q)$(VENV)/bin/pip install --quiet --disable-pip-version-check -r $<
	@touch $@

# What tests deploy/ has its own: other packages, and some of Node.js.
$(IMAGE_VENV)/made: tests/image/requirements.txt tests/requirements.txt
	$(call say,VENV,$(IMAGE_VENV))
	$(Q)python3 -m venv --clear $(IMAGE_VENV)
	$(Q)$(IMAGE_VENV)/bin/pip install --quiet --disable-pip-version-check -r $<
	@touch $@

$(DEPLOY_VENV)/made: tests/deploy/requirements.txt deploy/requirements.txt
	$(call say,VENV,$(DEPLOY_VENV))
	$(Q)python3 -m venv --clear $(DEPLOY_VENV)
	$(Q)$(DEPLOY_VENV)/bin/pip install --quiet --disable-pip-version-check -r $<
	$(Q)$(DEPLOY_VENV)/bin/pip install --quiet --disable-pip-version-check \
	    --no-deps kserve==0.21.0 # to be read, not imported
	@touch $@

# TensorFlow and XGBoost, for the steps of the training pipeline: 1.4 GB.
$(TRAINING_VENV)/made: tests/deploy/requirements-training.txt
	$(call say,VENV,$(TRAINING_VENV))
	$(Q)python3 -m venv --clear $(TRAINING_VENV)
	$(Q)$(TRAINING_VENV)/bin/pip install --quiet --disable-pip-version-check \
	    -r $<
	@touch $@

# SageMaker's SDK and NVIDIA's client: 400 MB that only test-clients needs.
$(SDK_VENV)/made: tests/clients/requirements.txt
	$(call say,VENV,$(SDK_VENV))
	$(Q)python3 -m venv --clear $(SDK_VENV)
	$(Q)$(SDK_VENV)/bin/pip install --quiet --disable-pip-version-check -r $<
	@touch $@

$(DEPLOY_NODE)/made: tests/deploy/package.json tests/deploy/package-lock.json
	$(call say,NPM,$(DEPLOY_NODE))
	@rm -rf $(DEPLOY_NODE) && mkdir -p $(DEPLOY_NODE)
	@cp $^ $(DEPLOY_NODE)
	$(Q)npm ci --prefix $(DEPLOY_NODE) --silent --ignore-scripts --no-audit \
	    --no-fund
	@touch $@

packages:
	@$(if $(STATIC),,scripts/setup.sh --check build)

force:

# --- targets
all: ## Builds the program, the library and the test programs.
all: $(PROGRAM) $(LIB) $(TESTS) $(FUZZERS) $(BENCHES) $(BENCH_TOOLS)

run: ## Serves the bundled housing model on port PORT (8080); Ctrl-C stops it.
	@scripts/setup.sh build curl
	@$(MAKE) --no-print-directory $(JOBS) all
	@scripts/run.sh $(BIN)/clary $(PORT)

test: ## Builds and runs every test; ends with "N passed, N failed".
	@scripts/setup.sh build test
	@$(MAKE) --no-print-directory $(JOBS) all $(VENV)/made
	@CC='$(CC)' BUILD='$(BUILD)' TESTS='$(TESTS)' FUZZERS='$(FUZZERS)' \
	    scripts/test.sh

test-arm64: ## The tests of what differs on arm64, cross-built, under qemu.
	@scripts/setup.sh build arm64
	@PKG_CONFIG_LIBDIR=/usr/lib/aarch64-linux-gnu/pkgconfig \
	    $(MAKE) --no-print-directory $(JOBS) test-arm64-run BUILD=build/arm64 \
	    CC=aarch64-linux-gnu-gcc \
	    PACKAGES='$(filter-out libmicrohttpd,$(PACKAGES))'

.PHONY: test-avx512
test-avx512: ## The tests of the AVX-512 tables, on an emulated CPU: minutes.
	@scripts/setup.sh build avx512
	@$(MAKE) --no-print-directory $(JOBS) $(AVX512_TESTS)
	@scripts/avx512.sh $(AVX512_TESTS)

.PHONY: test-arm64 test-arm64-run
test-arm64-run: $(ARM64_TESTS)
	@scripts/arm64.sh $^

test-deploy: ## Tests deploy/ with no AWS; ends with "N passed, N failed".
	@scripts/setup.sh build deploy
	@$(MAKE) --no-print-directory $(JOBS) $(PROGRAM) $(DEPLOY_VENV)/made \
	    $(TRAINING_VENV)/made $(DEPLOY_NODE)/made
	@PYTHON=$(DEPLOY_VENV)/bin/python CLARY_BIN=$(CURDIR)/$(PROGRAM) \
	    NODE_MODULES=$(CURDIR)/$(DEPLOY_NODE)/node_modules \
	    scripts/test-deploy.sh

test-clients: ## SageMaker's SDK, Triton's client, curl and wrk on the server.
	@scripts/setup.sh build test bench
	@$(MAKE) --no-print-directory $(JOBS) $(PROGRAM) $(SDK_VENV)/made
	@PYTHON=$(SDK_VENV)/bin/python CLARY_BIN=$(PROGRAM) \
	    scripts/test-clients.sh

sanitize: ## The same tests under AddressSanitizer and UBSan.
	@$(MAKE) --no-print-directory test BUILD=build/asan \
	    SAN=-fsanitize=address,undefined

fuzz: ## Fuzzes every target for FUZZ_SECONDS (60) with clang's libFuzzer.
	@scripts/setup.sh build fuzz
	@$(MAKE) --no-print-directory $(JOBS) fuzzers CC=clang BUILD=build/fuzz \
	    SAN=-fsanitize=address,undefined,fuzzer-no-link \
	    FUZZ_ENGINE=-fsanitize=fuzzer
	@BUILD=build/fuzz scripts/fuzz.sh $(FUZZ_SECONDS)

fuzzers: $(FUZZERS)

# The tree evaluators that bench/forest/peers.py sets clary beside.
$(FOREST_VENV)/made: bench/forest/requirements.txt
	$(call say,VENV,$(FOREST_VENV))
	$(Q)python3 -m venv --clear $(FOREST_VENV)
	$(Q)$(FOREST_VENV)/bin/pip install --quiet --disable-pip-version-check -r $<
	@touch $@

$(BIN)/bench/forest_score: $(OBJ)/bench/forest/score.o $(LIB)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(LINK) -o $@ $^ $(LIBS)

$(BIN)/bench/forest_loops.so: bench/forest/loops.c bench/timing.h \
    $(BUILD)/flags
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(BASE_CFLAGS) $(WARNINGS) -I. -fPIC -shared -o $@ $<

.PHONY: bench-forest
bench-forest: ## clary's trees beside those of other libraries.
	@scripts/setup.sh build
	@$(MAKE) --no-print-directory $(JOBS) $(FOREST_VENV)/made \
	    $(BIN)/bench/forest_score $(BIN)/bench/forest_loops.so
	@$(FOREST_VENV)/bin/python bench/forest/peers.py \
	    $(BIN)/bench/forest_score $(BIN)/bench/forest_loops.so \
	    build/forest-peers

bench-instructions: ## Instructions of a request, held to the committed ones.
	@scripts/setup.sh build bench
	@$(MAKE) --no-print-directory $(JOBS) all $(VENV)/made
	@CLARY_BIN=$(BIN)/clary $(VENV)/bin/python bench/http/instructions.py

bench-peers: ## clary beside the Python servers that one would pick instead.
	@scripts/setup.sh build bench peers
	@$(MAKE) --no-print-directory $(JOBS) all $(PEERS_VENV)/made
	@$(PEERS_VENV)/bin/python bench/peers/models.py \
	    tests/golden/savedmodel/california-housing/model.tar.gz build/peers
	@CLARY_BIN=$(BIN)/clary $(PEERS_VENV)/bin/python bench/peers/run.py
	@python3 bench/peers/pictures.py
	@python3 bench/sizing.py

bench-start: ## From exec to the first prediction; beside a Python container's.
	@scripts/setup.sh image bench peers
	@[ -d build/image/amd64 ] || $(MAKE) --no-print-directory image
	@$(MAKE) --no-print-directory $(PEERS_VENV)/made
	@$(PEERS_VENV)/bin/python bench/peers/models.py \
	    tests/golden/savedmodel/california-housing/model.tar.gz build/peers
	@$(PEERS_VENV)/bin/python bench/start.py

bench: ## Runs the programs of bench/ and prints their tables.
bench: $(BENCHES)
	@for program in $(BENCHES); do $$program || exit 1; done

exhaustive: ## Checks all 2^32 floats; EXHAUSTIVE_SECONDS bounds each program.
.PHONY: exhaustive
exhaustive: $(EXHAUSTIVE)
	@for program in $^; do $$program || exit 1; done

image: ## Builds the container image for ARCH (amd64, arm64): build/image/.
	@scripts/image/build.sh $(ARCH)

image-test: ## Builds both images and proves them; ends with "N passed, ...".
image-test:
	@scripts/setup.sh image test
	@$(MAKE) --no-print-directory $(IMAGE_VENV)/made
	@PYTHON=$(IMAGE_VENV)/bin/python scripts/image/test.sh

image-reproducible: ## Two builds from nothing have the same digest (nightly).
	@scripts/image/reproducible.sh $(ARCH)

golden: ## Trains the golden models again (DATA=path of the housing CSV).
	@tests/golden/make.sh $(DATA)

readme: ## Writes what the README's commands print into the README.
readme: $(PROGRAM) $(VENV)/made
	@PYTHONPATH=tests CLARY_BIN=$(BIN)/clary $(VENV)/bin/python \
	    tests/readme/test_readme.py

lint: ## clang-format, clang-tidy, cppcheck and the rules of the layers.
	@scripts/setup.sh build lint
	@$(MAKE) --no-print-directory generated
	@scripts/lint.sh $(INCLUDES)

generated: $(PROTO_H)

format: ## Formats every C file in place.
	@scripts/setup.sh lint
	@git ls-files -co --exclude-standard '*.c' '*.h' | xargs clang-format -i

install: ## Installs program, library and headers under DESTDIR and PREFIX.
install: $(PROGRAM) $(LIB)
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib \
	    $(DESTDIR)$(PREFIX)/include/clary
	install -m 755 $(BIN)/clary $(DESTDIR)$(PREFIX)/bin/clary
	ln -sf clary $(DESTDIR)$(PREFIX)/bin/serve
	install -m 644 $(LIB) $(DESTDIR)$(PREFIX)/lib/
	install -m 644 include/clary/*.h $(DESTDIR)$(PREFIX)/include/clary/

clean: ## Removes everything that was made.
	rm -rf build

help: ## Prints this list.
	@sed -n 's/^\([a-z0-9-]*\): ## \(.*\)/  make \1|\2/p' Makefile | \
	    while IFS='|' read -r name text; do \
	        printf "%-26s %s\n" "$$name" "$$text"; done

.PHONY: all run test test-deploy test-clients sanitize fuzz fuzzers bench \
        golden readme lint format bench-instructions bench-peers bench-start \
        image image-test image-reproducible install clean help packages \
        generated force

-include $(shell find $(OBJ) -name '*.d' 2>/dev/null)
