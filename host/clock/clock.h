/*
 * A virtual clock for the processes of a service, preloaded (LD_PRELOAD) in front of glibc: they read a page of shared memory in place of the system's
 * clocks, and what they wait for follows.
 *
 *     harness ──positioned writes──► file ◄──mapped, read-only── process   clock.c    what clocks show
 *        ▲                            │                            │        waits.c    sleeping, polling, locks
 *        └────────── what was seen ◄──┴───────mapped───────────────┘        timers.c   the kernel's timers, timeouts of sockets
 *
 * host/clock/page.ts has the same layout, and says what each field is.
 */
#ifndef SINBIN_CLOCK_H
#define SINBIN_CLOCK_H

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#define EXPORTED __attribute__((visibility("default")))
#define SECOND INT64_C(1000000000)
/* A wait looks at the page again after so long in real time. */
#define SLICE (20 * SECOND / 1000)
/* Ten years: a timer of a clock that stands still. */
#define FAR (INT64_C(315360000) * SECOND)

enum kind { WALL, MONOTONIC, BOOTTIME, UNTOUCHED };

/* Nanoseconds of what the clocks show, and of the kernel's monotonic clock, which is `raw`. */
struct regime {
  int64_t base_raw, base_monotonic, base_wall, boot_offset;
  /* Per nanosecond of the kernel's. */
  double rate, wall_rate;
};

struct reading {
  struct regime regime;
  int64_t raw;
  uint64_t sequence;
};

/* False where no page was given: then everything is glibc's own. */
int clock_is_virtual(void);
struct reading clock_read(void);
int64_t clock_shows(const struct reading *reading, enum kind kind);
int64_t clock_now(enum kind kind);
double clock_rate(const struct reading *reading, enum kind kind);
enum kind clock_kind(clockid_t id);
/* How long to wait in real time until the clock may show this, a slice at most; 0 if it does. */
int64_t clock_until(enum kind kind, int64_t at);
/* The same without a limit, for what follows by itself. */
int64_t clock_real_time_until(enum kind kind, int64_t at);
/* The sequence number of the page. */
uint64_t clock_sequence(void);
int64_t kernel_now(void);
/* The timers of a parent are none of its child's. */
void timers_forget(void);

/* Up to the year 2255. */
static inline int64_t of_timespec(const struct timespec *time) {
  int64_t most = INT64_C(9000000000);
  return time->tv_sec > most ? most * SECOND : (int64_t)time->tv_sec * SECOND + time->tv_nsec;
}

static inline int64_t later(int64_t now, int64_t by) { return now + (by < FAR ? by : FAR); }

static inline struct timespec to_timespec(int64_t nanoseconds) {
  int64_t seconds = nanoseconds / SECOND;
  int64_t rest = nanoseconds % SECOND;
  if (rest < 0) {
    seconds -= 1;
    rest += SECOND;
  }
  return (struct timespec){.tv_sec = seconds, .tv_nsec = rest};
}

static inline int is_valid(const struct timespec *time) {
  return time->tv_sec >= 0 && time->tv_nsec >= 0 && time->tv_nsec < SECOND;
}

/* The next function of a name: glibc's. */
#define REAL(name)                                                                     \
  ({                                                                                   \
    static __typeof__(&name) found;                                                    \
    if (__atomic_load_n(&found, __ATOMIC_RELAXED) == NULL)                             \
      __atomic_store_n(&found, (__typeof__(&name))dlsym(RTLD_NEXT, #name), __ATOMIC_RELAXED); \
    __atomic_load_n(&found, __ATOMIC_RELAXED);                                         \
  })

#endif
