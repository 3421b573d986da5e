/* What clocks show. */
#include "clock.h"
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <unistd.h>

#define MAGIC UINT64_C(0x314b434f4c434253)
#define PAGE_BYTES 4096

/* The main process of a service sees the first regime, all others the second. */
struct page {
  uint64_t magic, sequence;
  struct regime regimes[2];
};

/* The last sequence number under which somebody has looked at a clock, by regime: at the wall clock, and at any. */
struct seen {
  uint64_t by[2][2];
};

static const struct page *page;
static struct seen *seen;
static int regime;
static int is_prepared;
static uint64_t reported[2];
/* An odd sequence number whose writer has died half-way: nobody waits for it again. */
static uint64_t abandoned;
/* A writer that lives may be kept from its CPU for long, and what is read of it meanwhile may be half old. */
#define PATIENCE (10 * SECOND)

static void forked(void) {
  regime = 1;
  timers_forget();
  for (int which = 0; which < 2; which++) __atomic_store_n(&reported[which], 0, __ATOMIC_RELAXED);
}

/* Whatever runs before this library's own constructor sees the virtual clock as well. */
static void prepare(void) {
  if (__atomic_exchange_n(&is_prepared, 1, __ATOMIC_SEQ_CST)) return;
  int before = errno;
  const char *path = getenv("SINBIN_CLOCK");
  const char *parent = getenv("SINBIN_CLOCK_PARENT");
  int file = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
  int writable = file != -1;
  if (path != NULL && file == -1) file = open(path, O_RDONLY | O_CLOEXEC);
  if (file != -1) {
    struct stat status;
    if (fstat(file, &status) == 0 && status.st_size >= 2 * PAGE_BYTES) {
      struct page *mapped = mmap(NULL, PAGE_BYTES, PROT_READ, MAP_SHARED, file, 0);
      if (mapped != MAP_FAILED && mapped->magic == MAGIC) {
        if (writable) {
          void *told = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, file, PAGE_BYTES);
          if (told != MAP_FAILED) seen = told;
        }
        regime = parent != NULL && getppid() == atoi(parent) ? 0 : 1;
        pthread_atfork(NULL, NULL, forked);
        /* Where time runs fast, the fifty microseconds by which the kernel likes to be late are many. */
        prctl(PR_SET_TIMERSLACK, 1000UL, 0, 0, 0);
        __atomic_store_n(&page, mapped, __ATOMIC_RELEASE);
      }
    }
    close(file);
  }
  errno = before;
}

__attribute__((constructor)) static void begin(void) { prepare(); }

int clock_is_virtual(void) {
  if (__builtin_expect(!__atomic_load_n(&is_prepared, __ATOMIC_RELAXED), 0)) prepare();
  return __atomic_load_n(&page, __ATOMIC_ACQUIRE) != NULL;
}

int64_t kernel_now(void) {
  struct timespec now;
  REAL(clock_gettime)(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * SECOND + now.tv_nsec;
}

uint64_t clock_sequence(void) { return __atomic_load_n(&page->sequence, __ATOMIC_ACQUIRE); }

/*
 * The kernel's clock is read between two looks at the sequence number, and the writer reads it while the number is odd. So every reading belongs to the
 * regime that was in force at its own moment, and no clock that runs on goes back when its rate changes.
 */
struct reading clock_read(void) {
  struct reading reading;
  int64_t began = 0;
  for (;;) {
    reading.sequence = clock_sequence();
    reading.raw = kernel_now();
    reading.regime = page->regimes[regime];
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    if (reading.sequence % 2 == 0 && __atomic_load_n(&page->sequence, __ATOMIC_RELAXED) == reading.sequence) break;
    if (reading.sequence % 2 == 0) continue;
    /* One that died must not hold up whoever is to be ended. */
    if (reading.sequence == __atomic_load_n(&abandoned, __ATOMIC_RELAXED)) break;
    if (began == 0) began = reading.raw;
    if (reading.raw - began > PATIENCE) {
      __atomic_store_n(&abandoned, reading.sequence, __ATOMIC_RELAXED);
      break;
    }
    sched_yield();
  }
  return reading;
}

static int64_t passed(const struct reading *reading, double rate) {
  int64_t real = reading->raw - reading->regime.base_raw;
  return rate == 1 ? real : (int64_t)((double)real * rate);
}

int64_t clock_shows(const struct reading *reading, enum kind kind) {
  const struct regime *now = &reading->regime;
  if (kind == WALL) return now->base_wall + passed(reading, now->wall_rate);
  return now->base_monotonic + passed(reading, now->rate) + (kind == BOOTTIME ? now->boot_offset : 0);
}

double clock_rate(const struct reading *reading, enum kind kind) {
  return kind == WALL ? reading->regime.wall_rate : reading->regime.rate;
}

/* That somebody has looked is what shows the harness that its fault has arrived. */
static void tell(const struct reading *reading, int any) {
  if (__atomic_load_n(&reported[any], __ATOMIC_RELAXED) >= reading->sequence) return;
  __atomic_store_n(&reported[any], reading->sequence, __ATOMIC_RELAXED);
  if (seen == NULL) return;
  uint64_t *last = &seen->by[regime][any];
  uint64_t known = __atomic_load_n(last, __ATOMIC_RELAXED);
  while (known < reading->sequence &&
         !__atomic_compare_exchange_n(last, &known, reading->sequence, 0, __ATOMIC_RELEASE, __ATOMIC_RELAXED)) {
  }
}

int64_t clock_now(enum kind kind) {
  struct reading reading = clock_read();
  if (kind == WALL) tell(&reading, 0);
  tell(&reading, 1);
  return clock_shows(&reading, kind);
}

int64_t clock_real_time_until(enum kind kind, int64_t at) {
  struct reading reading = clock_read();
  tell(&reading, 1);
  double left = (double)at - (double)clock_shows(&reading, kind);
  double rate = clock_rate(&reading, kind);
  if (left <= 0) return 0;
  if (rate <= 0 || left / rate >= (double)FAR) return FAR;
  return (int64_t)(left / rate) + 1;
}

int64_t clock_until(enum kind kind, int64_t at) {
  int64_t real = clock_real_time_until(kind, at);
  return real < SLICE ? real : SLICE;
}

enum kind clock_kind(clockid_t id) {
  switch (id) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
    case CLOCK_REALTIME_ALARM:
    case CLOCK_TAI:
      return WALL;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_MONOTONIC_RAW:
      return MONOTONIC;
    case CLOCK_BOOTTIME:
    case CLOCK_BOOTTIME_ALARM:
      return BOOTTIME;
    default:
      return UNTOUCHED;
  }
}

EXPORTED int clock_gettime(clockid_t id, struct timespec *time) {
  enum kind kind = clock_kind(id);
  if (kind == UNTOUCHED || !clock_is_virtual()) return REAL(clock_gettime)(id, time);
  *time = to_timespec(clock_now(kind));
  return 0;
}

EXPORTED int gettimeofday(struct timeval *restrict time, void *restrict zone) {
  if (!clock_is_virtual()) return REAL(gettimeofday)(time, zone);
  if (zone != NULL) REAL(gettimeofday)(time, zone);
  struct timespec now = to_timespec(clock_now(WALL));
  *time = (struct timeval){.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
  return 0;
}

EXPORTED time_t time(time_t *result) {
  if (!clock_is_virtual()) return REAL(time)(result);
  time_t now = to_timespec(clock_now(WALL)).tv_sec;
  if (result != NULL) *result = now;
  return now;
}

EXPORTED int timespec_get(struct timespec *time, int base) {
  if (base != TIME_UTC || !clock_is_virtual()) return REAL(timespec_get)(time, base);
  *time = to_timespec(clock_now(WALL));
  return base;
}

/* The machine's own clock is nobody's to set, whoever a service runs as. */
static int refuse(void) {
  errno = EPERM;
  return -1;
}

EXPORTED int clock_settime(clockid_t id, const struct timespec *time) {
  return clock_is_virtual() ? refuse() : REAL(clock_settime)(id, time);
}

EXPORTED int settimeofday(const struct timeval *time, const struct timezone *zone) {
  return clock_is_virtual() ? refuse() : REAL(settimeofday)(time, zone);
}

EXPORTED int adjtime(const struct timeval *by, struct timeval *left) {
  return by != NULL && clock_is_virtual() ? refuse() : REAL(adjtime)(by, left);
}

EXPORTED int adjtimex(struct timex *how) {
  return how->modes != 0 && clock_is_virtual() ? refuse() : REAL(adjtimex)(how);
}

EXPORTED int ntp_adjtime(struct timex *how) { return adjtimex(how); }

EXPORTED int clock_adjtime(clockid_t id, struct timex *how) {
  return how->modes != 0 && clock_is_virtual() ? refuse() : REAL(clock_adjtime)(id, how);
}
