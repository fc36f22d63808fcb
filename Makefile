# fraudsink.  `make help` lists the targets.  Needs GNU make.
#
# Yours to set on the command line: CC CFLAGS CPPFLAGS LDFLAGS PREFIX DESTDIR
# MODULEDIR, SAN=1 (address and undefined behaviour) or SAN=thread, WERROR=1,
# UNBOUND_SRC= (another built Unbound tree to make the module for), V=1 (show
# the commands), DATA= (a folder of real feeds, for tests and bench).

VERSION    := 0.1.0
PREFIX     ?= /usr/local
MODULEDIR  ?= $(PREFIX)/lib/unbound
CFLAGS     ?= -O2 -g
PKG_CONFIG ?= pkg-config
DATA       ?= ../shared/data
UNBOUND_SRC ?=

# The project's own flags stand apart, so that `make CFLAGS=-O0` keeps them.
SAN1      := -fsanitize=address,undefined -fno-sanitize-recover=all
SANthread := -fsanitize=thread
WARN := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Wpointer-arith -Wwrite-strings -Wvla \
	-Wconversion -Wformat=2 -Wundef $(if $(WERROR),-Werror)
FSK_CPPFLAGS = -I. -D_GNU_SOURCE -DFRAUDSINK_VERSION='"$(VERSION)"' \
	-MMD -MP $(CPPFLAGS)
FSK_CFLAGS   = -std=c11 -fPIC -fvisibility=hidden $(WARN) $(SAN$(SAN)) $(CFLAGS)
FSK_LDFLAGS  = $(SAN$(SAN)) $(LDFLAGS)
pkg_libs     = $$($(PKG_CONFIG) --libs $1)

# What is printed for a command: the command itself with V=1.
say = $(if $(V),,@echo '  $1' $(subst $(CURDIR)/,,$@);)

B    := build/obj$(SAN:%=-san%)$(if $(filter clang%,$(CC)),-clang)
objs  = $(patsubst %.c,$B/%.o,$(sort $(wildcard $1/*.c)))
# What the tests of a folder link: the folder less its main, and their helpers.
part  = $(filter-out %/main.o $B/tests/$1/check_%,$(call objs,$1) \
	$(call objs,tests/$1))
LIB   := $B/libfraudsink.a
FEEDS := $B/fraudsink-feeds
STATS := $B/fraudsink-stats
WEB   := $B/stats/web.o
MOD   := $B/fraudsink.so

all: $(FEEDS) $(STATS) module

# ---- the programs ----

# Which folder uses which library; tests/layers.sh guards the includes.
feeds_libs := $(call pkg_libs,libidn2 jansson zlib liblzma libzstd libzip \
	libconfuse libpsl libcurl ldns yaml-0.1 libcdb) -lbz2 -lcsv
stats_libs := $(call pkg_libs,libconfuse sqlite3 libcurl libmaxminddb \
	libmicrohttpd jansson libcrypto) -lm

$(LIB): $(call objs,lib)
	@rm -f $@
	$(call say,AR)$(AR) rcs $@ $^
$(FEEDS): $(call objs,feeds) $(LIB)
	$(call say,LD)$(CC) $(FSK_LDFLAGS) -o $@ $^ $(feeds_libs) -pthread
$(STATS): $(call objs,stats) $(WEB) $(LIB)
	$(call say,LD)$(CC) $(FSK_LDFLAGS) -o $@ $^ $(stats_libs) -pthread
# The pages that fraudsink-stats serves, as C.
web_files := $(sort $(wildcard stats/web/*))
$B/stats/web.c: stats/embed.sh $(web_files)
	@mkdir -p $(@D)
	$(call say,GEN)sh stats/embed.sh $(web_files) >$@
$(WEB): $B/stats/web.c
	$(call say,CC)$(CC) $(FSK_CPPFLAGS) $(FSK_CFLAGS) -c -o $@ $<
$B/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(FSK_CPPFLAGS) $(FSK_CFLAGS) -c -o $@ $<

# ---- the module: against the headers of the very Unbound that loads it ----

# A private Unbound is fetched and built unless UNBOUND_SRC names a built tree.
UNBOUND   := $(if $(UNBOUND_SRC),$(abspath $(UNBOUND_SRC)),$(CURDIR)/build/unbound/src)
UB_READY  := $(if $(UNBOUND_SRC),,build/unbound/ready)
UB_STAMP  := $B/module/built-for

module: $(MOD)
build/unbound/ready: module/unbound.sh
	sh module/unbound.sh build/unbound
# Rewritten only when the tree or its configuration changes.
$(UB_STAMP): $(UB_READY) FORCE
	@mkdir -p $(@D)
	@sh module/unbound.sh --describe $(UNBOUND) >$@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@
$B/module/%.o: module/%.c $(UB_STAMP)
	@mkdir -p $(@D)
	$(call say,CC)$(CC) -isystem $(UNBOUND) $(FSK_CPPFLAGS) $(FSK_CFLAGS) \
		-DFRAUDSINK_BUILT_FOR='"'"$$(cat $(UB_STAMP))"'"' -c -o $@ $<
$(MOD): $(call objs,module) $(LIB) module/fraudsink.map
	$(call say,LD)$(CC) -shared $(FSK_LDFLAGS) -Wl,-z,now -Wl,-z,nodelete -o $@ \
		-Wl,--version-script=module/fraudsink.map \
		$(filter %.o %.a,$^) $(call pkg_libs,libmaxminddb) -pthread

# ---- tests ----

# Real servers, for tests outside of e2e/.
servers = $(patsubst %,$B/tests/e2e/%.o,procs dns nsd)
CHECKS := $(patsubst %.c,$B/%,$(sort $(wildcard tests/*/check_*.c)))
FUZZERS := $(patsubst tests/fuzz/%.c,%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
REPLAYS := $(FUZZERS:%=$B/tests/fuzz/replay_%)
link_check = $(call say,LD)$(CC) $(FSK_LDFLAGS) -o $@ $(filter %.o %.a,$^) \
	$(call pkg_libs,check) $1 -pthread

$B/tests/lib/check_%: $B/tests/lib/check_%.o $(call part,lib) $(LIB)
	$(call link_check)
$B/tests/feeds/check_%: $B/tests/feeds/check_%.o $(call part,feeds) \
		$B/tests/lib/kit.o $(servers) $(LIB)
	$(call link_check,$(feeds_libs) $(call pkg_libs,libcrypto))
$B/tests/stats/check_%: $B/tests/stats/check_%.o $(call part,stats) $(WEB) \
		$B/tests/lib/kit.o $(LIB)
	$(call link_check,$(stats_libs) $(call pkg_libs,libssl))
$B/tests/e2e/check_%: $B/tests/e2e/check_%.o $(call part,e2e) $(LIB)
	$(call link_check)
$B/tests/fuzz/replay_fuzz_%: $B/tests/fuzz/fuzz_%.o $B/tests/fuzz/replay.o \
		$(filter-out %/main.o,$(call objs,feeds)) $(LIB)
	$(call say,LD)$(CC) $(FSK_LDFLAGS) -o $@ $^ $(feeds_libs) -pthread

# What the end-to-end tests start.
export FRAUDSINK_TEST_UNBOUND := $(UNBOUND)/unbound
export FRAUDSINK_TEST_CONTROL := $(UNBOUND)/unbound-control
export FRAUDSINK_TEST_MODULE  := $(CURDIR)/$(MOD)
export FRAUDSINK_TEST_FEEDS   := $(CURDIR)/$(FEEDS)
export FRAUDSINK_TEST_STATS   := $(CURDIR)/$(STATS)
export FRAUDSINK_TEST_SAN     := $(SAN)
# The tests leave the folder they are started in.
export FRAUDSINK_TEST_DATA    := $(abspath $(DATA))

check: deps
	@$(MAKE) --no-print-directory check-built
check-built: all $(CHECKS) $(REPLAYS)
	sh tests/run.sh $B $(CHECKS) -- $(REPLAYS)
.PHONY: check-built

# Coverage-guided fuzzing with clang: make fuzz FUZZ_SECONDS=60
FUZZ_SECONDS ?= 60
fuzz:
	sh tests/fuzz/run.sh $(FUZZ_SECONDS) "$(feeds_libs)" $(FUZZERS)

bench: deps all
	sh tests/bench/run.sh $B $(UNBOUND)

# uninit...: cppcheck does not follow loops; compilers and sanitizers do better.
lint:
	clang-format --dry-run --Werror $$(git ls-files '*.[ch]')
	cppcheck -q --error-exitcode=1 -I. --enable=warning,portability \
		--inline-suppr --suppress=missingIncludeSystem --suppress=uninitvar \
		--suppress=uninitStructMember --suppress=ctuuninitvar \
		--suppress=pointerOutOfBoundsCond lib feeds module stats
	sh tests/layers.sh
	mandoc -T lint -W warning feeds/*.[58] module/*.8 stats/*.8

# ---- demo, installation, the rest ----

deps:
	@sh tests/deps.sh

demo: deps
	@$(MAKE) --no-print-directory all
	@LIST="$(LIST)" ONCE="$(ONCE)" UPSTREAM="$(UPSTREAM)" DATA="$(DATA)" \
		CLICKHOUSE="$(CLICKHOUSE)" sh tests/demo/demo.sh $B $(UNBOUND)

install: all
	install -d $(DESTDIR)$(MODULEDIR) $(DESTDIR)$(PREFIX)/sbin \
		$(DESTDIR)$(PREFIX)/share/man/man5 $(DESTDIR)$(PREFIX)/share/man/man8
	install -m 644 $(MOD) $(DESTDIR)$(MODULEDIR)
	install -m 755 $(FEEDS) $(STATS) $(DESTDIR)$(PREFIX)/sbin
	install -m 755 module/fraudsink-module-check $(DESTDIR)$(PREFIX)/sbin
	install -m 644 feeds/*.5 $(DESTDIR)$(PREFIX)/share/man/man5
	install -m 644 feeds/*.8 module/*.8 stats/*.8 $(DESTDIR)$(PREFIX)/share/man/man8
clean:
	rm -rf build
help:
	@echo 'make            build fraudsink-feeds, fraudsink-stats and fraudsink.so'
	@echo 'make demo       install what is missing, build, block a list in a real Unbound'
	@echo '                ONCE=1 show and exit, LIST=FILE your list, UPSTREAM=ADDR,'
	@echo '                CLICKHOUSE=URL count there'
	@echo 'make check      build and run all tests (SAN=1, SAN=thread)'
	@echo 'make bench      measure against other structures and resolvers'
	@echo 'make fuzz       fuzz the readers and the parsers (FUZZ_SECONDS=60)'
	@echo 'make lint       format, static analysis, includes, manuals'
	@echo 'make install    PREFIX=$(PREFIX) DESTDIR= MODULEDIR=$(MODULEDIR)'
	@echo 'make clean      remove build/'

FORCE:
.SECONDARY:
.DELETE_ON_ERROR:
.PHONY: all module check fuzz bench lint deps demo install clean help FORCE
-include $(shell find $B -name '*.d' 2>/dev/null)
