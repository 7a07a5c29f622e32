# static.mk: `make STATIC=PREFIX` links clary with no shared library at all, as
# the image has it. PREFIX is what scripts/image/libraries.sh has filled; the
# other archives are Debian's. What was linked is in the .map beside it.
ARCHIVES := /usr/lib/$(MACHINE)
OPENBLAS := $(ARCHIVES)/openblas-pthread/libopenblas.a
# The first one is for every CPU; the others are what SageMaker's instances
# have: AVX2, AVX-512; Graviton 2 and 3.
TABLES_x86_64  := PRESCOTT HASWELL SKYLAKEX
TABLES_aarch64 := ARMV8 NEOVERSEN1 NEOVERSEV1
TABLE_FLAGS    := $(shell scripts/image/openblas_tables.sh $(NM) $(OPENBLAS) \
                  $(TABLES_$(PROCESSOR)))

PACKAGE_CFLAGS := -isystem $(STATIC)/include \
    -isystem /usr/include/$(MACHINE)/openblas-pthread
# -B, -L: a cross compiler would take the C library that came with it, which
# gets no security updates.
LDFLAGS += -static-pie -B$(ARCHIVES) -L$(ARCHIVES) -Wl,--gc-sections \
    -Wl,-Map=$@.map $(TABLE_FLAGS)
PACKAGE_LIBS := $(STATIC)/lib/libmicrohttpd.a $(STATIC)/lib/libcjson.a \
    $(OPENBLAS) $(patsubst %,$(ARCHIVES)/lib%.a,archive z protobuf-c md)
