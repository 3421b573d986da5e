/*
 * Timers that the kernel keeps, and timeouts of sockets: it is told real time, and told anew by a thread when the clock changes. The thread is there from
 * the first timer on.
 */
#include "clock.h"
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum type { FREE, INTERVAL, POSIX, DESCRIPTOR, SOCKET };

struct entry {
  enum type type;
  /* Which one it is, by its type. */
  timer_t timer;
  int file, option;
  ino_t inode;
  /* The clock that it is made for; what is relative counts on one that never steps. */
  enum kind made_for, kind;
  /* When it is due next, and how far apart after that; of a socket, how long it waits. */
  int64_t at, interval;
};

#define MOST 512
/* The first is that of `setitimer`: there is one for a process, which must not be lost. */
static struct entry entries[MOST];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int has_follower;
/* Under this sequence number, or a later one, all of them were armed. */
static uint64_t followed;

/* Whoever is interrupted here must not be asked for a timer by the handler of a signal. */
static sigset_t enter(void) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_mutex_lock(&lock);
  return before;
}

static void leave(sigset_t before) {
  int error = errno;
  pthread_mutex_unlock(&lock);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  errno = error;
}

void timers_forget(void) {
  memset(entries, 0, sizeof entries);
  pthread_mutex_init(&lock, NULL);
  has_follower = 0;
}

static struct entry *find(enum type type, timer_t timer, int file, int option) {
  for (struct entry *entry = entries; entry < entries + MOST; entry++)
    if (entry->type == type && entry->timer == timer && entry->file == file && entry->option == option) return entry;
  return NULL;
}

static int64_t real_time_of(int64_t virtual_time) {
  struct reading reading = clock_read();
  double rate = clock_rate(&reading, MONOTONIC);
  double real = (double)virtual_time / rate;
  if (virtual_time == 0) return 0;
  return rate <= 0 || real >= (double)FAR ? FAR : (int64_t)real + 1;
}

static struct itimerspec real_time(const struct entry *entry) {
  int64_t real = clock_real_time_until(entry->kind, entry->at);
  return (struct itimerspec){
      .it_value = to_timespec(real > 0 ? real : 1),
      .it_interval = to_timespec(real_time_of(entry->interval)),
  };
}

/* Rounded up: zero would mean never. */
static struct timeval to_timeval(int64_t nanoseconds) {
  int64_t microseconds = (nanoseconds + 999) / 1000;
  return (struct timeval){.tv_sec = microseconds / 1000000, .tv_usec = microseconds % 1000000};
}

static struct itimerval to_itimerval(struct itimerspec time) {
  return (struct itimerval){
      .it_value = to_timeval(of_timespec(&time.it_value)),
      .it_interval = to_timeval(of_timespec(&time.it_interval)),
  };
}

static int64_t of_timeval(const struct timeval *time) {
  struct timespec converted = {.tv_sec = time->tv_sec, .tv_nsec = time->tv_usec * 1000};
  return of_timespec(&converted);
}

static int arm(const struct entry *entry) {
  struct itimerspec real = real_time(entry);
  struct itimerval coarse = to_itimerval(real);
  struct timeval timeout = to_timeval(real_time_of(entry->interval));
  switch (entry->type) {
    case INTERVAL:
      return REAL(setitimer)(ITIMER_REAL, &coarse, NULL);
    case POSIX:
      return REAL(timer_settime)(entry->timer, 0, &real, NULL);
    case DESCRIPTOR:
      return REAL(timerfd_settime)(entry->file, 0, &real, NULL);
    case SOCKET:
      return REAL(setsockopt)(entry->file, SOL_SOCKET, entry->option, &timeout, sizeof timeout);
    default:
      return -1;
  }
}

/* Whether it is still what it was when it was armed, and will still go off. */
static int is_alive(const struct entry *entry) {
  struct itimerval interval = {0};
  struct itimerspec left = {0};
  struct stat status;
  switch (entry->type) {
    case INTERVAL:
      return REAL(getitimer)(ITIMER_REAL, &interval) == 0 && (interval.it_value.tv_sec | interval.it_value.tv_usec) != 0;
    case POSIX:
      return REAL(timer_gettime)(entry->timer, &left) == 0 && (left.it_value.tv_sec | left.it_value.tv_nsec) != 0;
    case DESCRIPTOR:
      return REAL(timerfd_gettime)(entry->file, &left) == 0 && (left.it_value.tv_sec | left.it_value.tv_nsec) != 0;
    case SOCKET:
      return fstat(entry->file, &status) == 0 && status.st_ino == entry->inode;
    default:
      return 0;
  }
}

/* What has been closed leaves its place to others. */
static int is_gone(const struct entry *entry) {
  struct itimerspec left;
  if (entry->type == SOCKET) return !is_alive(entry);
  return entry->type == DESCRIPTOR && REAL(timerfd_gettime)(entry->file, &left) != 0;
}

/* NULL if there are too many: such a timer is told real time once, and does not follow. */
static struct entry *claim(enum type type, timer_t timer, int file, int option) {
  struct entry *entry = find(type, timer, file, option);
  if (entry != NULL) return entry;
  struct entry *last = entries + MOST;
  if (type == INTERVAL) entry = entries;
  for (struct entry *each = entries + 1; entry == NULL && each < last; each++)
    if (each->type == FREE) entry = each;
  for (struct entry *each = entries + 1; entry == NULL && each < last; each++)
    if (is_gone(each)) entry = each;
  if (entry != NULL)
    *entry = (struct entry){.type = type, .timer = timer, .file = file, .option = option, .made_for = MONOTONIC};
  return entry;
}

/* One that comes again and again is due next behind this moment of its clock. */
static void catch_up(struct entry *entry, int64_t moment) {
  if (entry->type == SOCKET || entry->interval == 0 || moment < entry->at) return;
  entry->at += ((moment - entry->at) / entry->interval + 1) * entry->interval;
}

/* What has gone off, and was not read yet, is forgotten by the kernel when it is armed anew: then it goes off at once. */
static void rearm(const struct entry *entry) {
  struct pollfd unread = {.fd = entry->file, .events = POLLIN};
  int is_unread = entry->type == DESCRIPTOR && REAL(poll)(&unread, 1, 0) == 1;
  arm(entry);
  if (!is_unread) return;
  struct itimerspec at_once = {.it_value = {.tv_nsec = 1}, .it_interval = to_timespec(real_time_of(entry->interval))};
  REAL(timerfd_settime)(entry->file, 0, &at_once, NULL);
}

static void *follow(void *nothing) {
  (void)nothing;
  struct timespec slice = to_timespec(SLICE);
  for (;;) {
    REAL(clock_nanosleep)(CLOCK_MONOTONIC, 0, &slice, NULL);
    /* Whoever only follows has not looked at a clock. */
    struct reading now = clock_read();
    int is_changed = now.sequence != followed;
    struct reading changed = now;
    changed.raw = now.regime.base_raw;
    pthread_mutex_lock(&lock);
    for (struct entry *entry = entries; entry < entries + MOST; entry++) {
      if (entry->type == FREE || entry->at == 0) continue;
      if (!is_changed) {
        catch_up(entry, clock_shows(&now, entry->kind));
      } else if (is_alive(entry)) {
        /* What was due before the change has gone off by itself. A wall clock may have stepped over it. */
        if (entry->kind != WALL) catch_up(entry, clock_shows(&changed, entry->kind));
        rearm(entry);
      } else {
        entry->at = 0;
      }
    }
    pthread_mutex_unlock(&lock);
    followed = now.sequence;
  }
  return NULL;
}

static void start_follower(void) {
  if (has_follower) return;
  followed = clock_sequence() & ~UINT64_C(1);
  pthread_t thread;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  /* Signals are blocked here, and so they are in the thread. */
  has_follower = pthread_create(&thread, &attributes, follow, NULL) == 0;
  pthread_attr_destroy(&attributes);
}

/* `value` 0 disarms. Returns what `arm` does. */
static int set(struct entry *entry, int is_absolute, int64_t value, int64_t interval) {
  /* A wall clock that steps does not move what is relative. */
  entry->kind = !is_absolute && entry->made_for == WALL ? MONOTONIC : entry->made_for;
  entry->at = is_absolute ? value : later(clock_now(entry->kind), value);
  entry->interval = interval;
  start_follower();
  return arm(entry);
}

static struct itimerspec shown(struct entry *entry) {
  struct itimerspec time = {0};
  if (entry == NULL || entry->at == 0 || !is_alive(entry)) return time;
  int64_t now = clock_now(entry->kind);
  catch_up(entry, now);
  int64_t left = entry->at - now;
  time.it_value = to_timespec(left > 0 ? left : 1);
  time.it_interval = to_timespec(entry->interval);
  return time;
}

/* ── setitimer, alarm ── */

EXPORTED int getitimer(__itimer_which_t which, struct itimerval *time) {
  if (which != ITIMER_REAL || !clock_is_virtual()) return REAL(getitimer)(which, time);
  sigset_t before = enter();
  *time = to_itimerval(shown(find(INTERVAL, 0, 0, 0)));
  leave(before);
  return 0;
}

EXPORTED int setitimer(__itimer_which_t which, const struct itimerval *restrict time, struct itimerval *restrict old) {
  if (which != ITIMER_REAL || time == NULL || !clock_is_virtual()) return REAL(setitimer)(which, time, old);
  if (time->it_value.tv_usec < 0 || time->it_value.tv_usec > 999999 || time->it_value.tv_sec < 0 ||
      time->it_interval.tv_usec < 0 || time->it_interval.tv_usec > 999999 || time->it_interval.tv_sec < 0)
    return REAL(setitimer)(which, time, old);
  struct itimerval never = {0};
  int64_t value = of_timeval(&time->it_value);
  sigset_t before = enter();
  struct entry *entry = claim(INTERVAL, 0, 0, 0);
  if (old != NULL) *old = to_itimerval(shown(entry));
  int result = 0;
  if (value == 0) {
    if (entry != NULL) entry->at = 0;
    result = REAL(setitimer)(which, &never, NULL);
  } else if (entry != NULL) {
    result = set(entry, 0, value, of_timeval(&time->it_interval));
  }
  leave(before);
  return result;
}

EXPORTED unsigned int alarm(unsigned int seconds) {
  if (!clock_is_virtual()) return REAL(alarm)(seconds);
  struct itimerval time = {.it_value = {.tv_sec = seconds}}, old = {0};
  setitimer(ITIMER_REAL, &time, &old);
  unsigned int left = (unsigned int)(old.it_value.tv_sec + (old.it_value.tv_usec >= 500000));
  return left == 0 && old.it_value.tv_usec > 0 ? 1 : left;
}

EXPORTED useconds_t ualarm(useconds_t value, useconds_t interval) {
  if (!clock_is_virtual()) return REAL(ualarm)(value, interval);
  struct itimerval time = {
      .it_value = to_timeval((int64_t)value * 1000),
      .it_interval = to_timeval((int64_t)interval * 1000),
  };
  struct itimerval old = {0};
  setitimer(ITIMER_REAL, &time, &old);
  return (useconds_t)(old.it_value.tv_sec * 1000000 + old.it_value.tv_usec);
}

/* ── timer_create ── */

EXPORTED int timer_create(clockid_t id, struct sigevent *restrict event, timer_t *restrict timer) {
  int result = REAL(timer_create)(id, event, timer);
  if (result != 0 || clock_kind(id) == UNTOUCHED || !clock_is_virtual()) return result;
  sigset_t before = enter();
  struct entry *entry = claim(POSIX, *timer, 0, 0);
  if (entry != NULL) entry->made_for = clock_kind(id);
  leave(before);
  return result;
}

EXPORTED int timer_delete(timer_t timer) {
  sigset_t before = enter();
  struct entry *entry = find(POSIX, timer, 0, 0);
  if (entry != NULL) entry->type = FREE;
  leave(before);
  return REAL(timer_delete)(timer);
}

static int is_valid_timer(const struct itimerspec *time) {
  return is_valid(&time->it_value) && is_valid(&time->it_interval);
}

EXPORTED int timer_settime(timer_t timer, int flags, const struct itimerspec *restrict time,
                           struct itimerspec *restrict old) {
  if (!clock_is_virtual() || !is_valid_timer(time)) return REAL(timer_settime)(timer, flags, time, old);
  sigset_t before = enter();
  struct entry *entry = find(POSIX, timer, 0, 0);
  int result;
  if (entry == NULL) {
    /* A clock of the CPU's. */
    result = REAL(timer_settime)(timer, flags, time, old);
  } else {
    if (old != NULL) *old = shown(entry);
    int64_t value = of_timespec(&time->it_value);
    if (value == 0) {
      entry->at = 0;
      result = REAL(timer_settime)(timer, 0, time, NULL);
    } else {
      result = set(entry, flags & TIMER_ABSTIME, value, of_timespec(&time->it_interval));
    }
  }
  leave(before);
  return result;
}

EXPORTED int timer_gettime(timer_t timer, struct itimerspec *time) {
  if (!clock_is_virtual()) return REAL(timer_gettime)(timer, time);
  sigset_t before = enter();
  struct entry *entry = find(POSIX, timer, 0, 0);
  int result = 0;
  if (entry == NULL)
    result = REAL(timer_gettime)(timer, time);
  else
    *time = shown(entry);
  leave(before);
  return result;
}

/* ── timerfd ── */

EXPORTED int timerfd_create(__clockid_t id, int flags) {
  if (!clock_is_virtual()) return REAL(timerfd_create)(id, flags);
  /* Relative real time is all that it is told. */
  int file = REAL(timerfd_create)(clock_kind(id) == UNTOUCHED ? id : CLOCK_MONOTONIC, flags);
  if (file == -1) return file;
  sigset_t before = enter();
  struct entry *entry = claim(DESCRIPTOR, 0, file, 0);
  if (entry != NULL) {
    entry->made_for = clock_kind(id);
    entry->at = 0;
  }
  leave(before);
  return file;
}

EXPORTED int timerfd_settime(int file, int flags, const struct itimerspec *time, struct itimerspec *old) {
  if (!clock_is_virtual() || !is_valid_timer(time)) return REAL(timerfd_settime)(file, flags, time, old);
  sigset_t before = enter();
  /* One that was inherited, or made by another name, counts as monotonic. */
  struct entry *entry = claim(DESCRIPTOR, 0, file, 0);
  int result;
  if (old != NULL) *old = shown(entry);
  int64_t value = of_timespec(&time->it_value);
  if (value == 0 || entry == NULL) {
    if (entry != NULL) entry->at = 0;
    result = REAL(timerfd_settime)(file, 0, time, NULL);
  } else {
    result = set(entry, flags & TFD_TIMER_ABSTIME, value, of_timespec(&time->it_interval));
    if (result != 0) entry->type = FREE;
  }
  leave(before);
  return result;
}

EXPORTED int timerfd_gettime(int file, struct itimerspec *time) {
  if (!clock_is_virtual()) return REAL(timerfd_gettime)(file, time);
  sigset_t before = enter();
  struct entry *entry = find(DESCRIPTOR, 0, file, 0);
  int result = 0;
  if (entry == NULL)
    result = REAL(timerfd_gettime)(file, time);
  else
    *time = shown(entry);
  leave(before);
  return result;
}

/* ── timeouts of sockets ── */

static int is_timeout(int level, int option) {
  return level == SOL_SOCKET && (option == SO_RCVTIMEO || option == SO_SNDTIMEO);
}

EXPORTED int setsockopt(int file, int level, int option, const void *value, socklen_t length) {
  const struct timeval *timeout = value;
  if (!is_timeout(level, option) || length < sizeof *timeout || timeout->tv_sec < 0 || timeout->tv_usec < 0 ||
      timeout->tv_usec > 999999 || !clock_is_virtual())
    return REAL(setsockopt)(file, level, option, value, length);
  struct stat status;
  if (fstat(file, &status) != 0) return -1;
  int64_t wait = of_timeval(timeout);
  struct timeval real = to_timeval(real_time_of(wait));
  int result = REAL(setsockopt)(file, level, option, &real, sizeof real);
  if (result != 0) return result;
  sigset_t before = enter();
  struct entry *entry = claim(SOCKET, 0, file, option);
  if (entry != NULL) {
    entry->inode = status.st_ino;
    entry->interval = wait;
    entry->at = wait;
    if (wait == 0)
      entry->type = FREE;
    else
      start_follower();
  }
  leave(before);
  return result;
}

EXPORTED int getsockopt(int file, int level, int option, void *restrict value, socklen_t *restrict length) {
  if (!is_timeout(level, option) || !clock_is_virtual()) return REAL(getsockopt)(file, level, option, value, length);
  sigset_t before = enter();
  struct entry *entry = find(SOCKET, 0, file, option);
  int is_known = entry != NULL && is_alive(entry);
  struct timeval timeout = is_known ? to_timeval(entry->interval) : (struct timeval){0};
  leave(before);
  if (!is_known) return REAL(getsockopt)(file, level, option, value, length);
  if (*length > sizeof timeout) *length = sizeof timeout;
  memcpy(value, &timeout, *length);
  return 0;
}
