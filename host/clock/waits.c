/*
 * Waits in slices of real time, so that one in progress follows a change of its clock. What is due in virtual time is looked at anew after each slice.
 */
#include "clock.h"
#include <alloca.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <threads.h>
#include <unistd.h>

static int64_t in(int64_t nanoseconds) { return later(clock_now(MONOTONIC), nanoseconds); }

/* On the kernel's monotonic clock. */
static struct timespec kernel_in(int64_t nanoseconds) { return to_timespec(kernel_now() + nanoseconds); }

/* ── sleeping ── */

/* 0, or the number of an error. */
static int sleep_until(enum kind kind, int64_t at) {
  for (;;) {
    int64_t wait = clock_until(kind, at);
    struct timespec slice = to_timespec(wait);
    int error = REAL(clock_nanosleep)(CLOCK_MONOTONIC, 0, &slice, NULL);
    if (error != 0 || wait == 0) return error;
  }
}

static int64_t left_until(enum kind kind, int64_t at) {
  int64_t left = at - clock_now(kind);
  return left > 0 ? left : 0;
}

EXPORTED int clock_nanosleep(clockid_t id, int flags, const struct timespec *time, struct timespec *rest) {
  enum kind kind = clock_kind(id);
  if (kind == UNTOUCHED || !is_valid(time) || !clock_is_virtual())
    return REAL(clock_nanosleep)(id, flags, time, rest);
  if (flags & TIMER_ABSTIME) return sleep_until(kind, of_timespec(time));
  /* What is relative is not moved by a step. */
  if (kind == WALL) kind = MONOTONIC;
  int64_t at = later(clock_now(kind), of_timespec(time));
  int error = sleep_until(kind, at);
  if (error == EINTR && rest != NULL) *rest = to_timespec(left_until(kind, at));
  return error;
}

EXPORTED int nanosleep(const struct timespec *time, struct timespec *rest) {
  if (!clock_is_virtual()) return REAL(nanosleep)(time, rest);
  int error = clock_nanosleep(CLOCK_MONOTONIC, 0, time, rest);
  if (error == 0) return 0;
  errno = error;
  return -1;
}

EXPORTED unsigned int sleep(unsigned int seconds) {
  struct timespec time = {.tv_sec = seconds}, rest = {0};
  if (!clock_is_virtual()) return REAL(sleep)(seconds);
  if (nanosleep(&time, &rest) == 0) return 0;
  return (unsigned int)(rest.tv_sec + (rest.tv_nsec >= SECOND / 2));
}

EXPORTED int usleep(useconds_t microseconds) {
  struct timespec time = to_timespec((int64_t)microseconds * 1000);
  return clock_is_virtual() ? nanosleep(&time, NULL) : REAL(usleep)(microseconds);
}

EXPORTED int thrd_sleep(const struct timespec *time, struct timespec *rest) {
  if (!clock_is_virtual()) return REAL(thrd_sleep)(time, rest);
  int error = clock_nanosleep(CLOCK_MONOTONIC, 0, time, rest);
  return error == 0 ? 0 : error == EINTR ? -1 : -2;
}

/* ── descriptors ── */

static int poll_until(struct pollfd *files, nfds_t count, int64_t at, const sigset_t *signals) {
  for (;;) {
    int64_t wait = clock_until(MONOTONIC, at);
    struct timespec slice = to_timespec(wait);
    int ready = REAL(ppoll)(files, count, &slice, signals);
    if (ready != 0 || wait == 0) return ready;
  }
}

EXPORTED int poll(struct pollfd *files, nfds_t count, int timeout) {
  if (timeout <= 0 || !clock_is_virtual()) return REAL(poll)(files, count, timeout);
  return poll_until(files, count, in((int64_t)timeout * 1000000), NULL);
}

EXPORTED int ppoll(struct pollfd *files, nfds_t count, const struct timespec *timeout, const sigset_t *signals) {
  if (timeout == NULL || !is_valid(timeout) || !clock_is_virtual()) return REAL(ppoll)(files, count, timeout, signals);
  return poll_until(files, count, in(of_timespec(timeout)), signals);
}

/* What glibc's headers make of `poll` and `ppoll` in programs that check the sizes of their buffers. */
int __poll_chk(struct pollfd *files, nfds_t count, int timeout, size_t bytes);
int __ppoll_chk(struct pollfd *files, nfds_t count, const struct timespec *timeout, const sigset_t *signals, size_t bytes);

EXPORTED int __poll_chk(struct pollfd *files, nfds_t count, int timeout, size_t bytes) {
  if (bytes / sizeof *files < count) abort();
  return poll(files, count, timeout);
}

EXPORTED int __ppoll_chk(struct pollfd *files, nfds_t count, const struct timespec *timeout, const sigset_t *signals,
                         size_t bytes) {
  if (bytes / sizeof *files < count) abort();
  return ppoll(files, count, timeout, signals);
}

/* The sets are told what is ready, so that each slice begins with a copy of what was asked. */
static int select_until(int count, fd_set *sets[3], int64_t at, const sigset_t *signals) {
  size_t bytes = (size_t)(count + 63) / 64 * 8;
  char *asked[3];
  for (int set = 0; set < 3; set++) {
    asked[set] = alloca(bytes + 1);
    if (sets[set] != NULL) memcpy(asked[set], sets[set], bytes);
  }
  for (;;) {
    int64_t wait = clock_until(MONOTONIC, at);
    struct timespec slice = to_timespec(wait);
    int ready = REAL(pselect)(count, sets[0], sets[1], sets[2], &slice, signals);
    if (ready != 0 || wait == 0) return ready;
    for (int set = 0; set < 3; set++)
      if (sets[set] != NULL) memcpy(sets[set], asked[set], bytes);
  }
}

#define MOST_SELECTED 65536

EXPORTED int select(int count, fd_set *reading, fd_set *writing, fd_set *failing, struct timeval *timeout) {
  if (timeout == NULL || count < 0 || count > MOST_SELECTED || timeout->tv_sec < 0 || timeout->tv_usec < 0 ||
      !clock_is_virtual())
    return REAL(select)(count, reading, writing, failing, timeout);
  struct timespec time = {.tv_sec = timeout->tv_sec};
  int64_t at = in(of_timespec(&time) + (int64_t)timeout->tv_usec * 1000);
  int ready = select_until(count, (fd_set *[]){reading, writing, failing}, at, NULL);
  int error = errno;
  /* Linux says what is left. */
  struct timespec left = to_timespec(left_until(MONOTONIC, at));
  *timeout = (struct timeval){.tv_sec = left.tv_sec, .tv_usec = left.tv_nsec / 1000};
  errno = error;
  return ready;
}

EXPORTED int pselect(int count, fd_set *reading, fd_set *writing, fd_set *failing, const struct timespec *timeout,
                     const sigset_t *signals) {
  if (timeout == NULL || count < 0 || count > MOST_SELECTED || !is_valid(timeout) || !clock_is_virtual())
    return REAL(pselect)(count, reading, writing, failing, timeout, signals);
  return select_until(count, (fd_set *[]){reading, writing, failing}, in(of_timespec(timeout)), signals);
}

int epoll_pwait2(int queue, struct epoll_event *events, int most, const struct timespec *timeout, const sigset_t *signals);

/* Milliseconds are too coarse for a slice where time runs fast; old kernels and some sandboxes know nothing else. */
static int epoll_slice(int queue, struct epoll_event *events, int most, int64_t wait, const sigset_t *signals) {
  static int has_no_nanoseconds;
  struct timespec slice = to_timespec(wait);
  if (REAL(epoll_pwait2) != NULL && !__atomic_load_n(&has_no_nanoseconds, __ATOMIC_RELAXED)) {
    int ready = REAL(epoll_pwait2)(queue, events, most, &slice, signals);
    if (ready != -1 || (errno != ENOSYS && errno != EPERM)) return ready;
    __atomic_store_n(&has_no_nanoseconds, 1, __ATOMIC_RELAXED);
  }
  return REAL(epoll_pwait)(queue, events, most, (int)((wait + 999999) / 1000000), signals);
}

static int epoll_until(int queue, struct epoll_event *events, int most, int64_t at, const sigset_t *signals) {
  for (;;) {
    int64_t wait = clock_until(MONOTONIC, at);
    int ready = epoll_slice(queue, events, most, wait, signals);
    if (ready != 0 || wait == 0) return ready;
  }
}

EXPORTED int epoll_pwait(int queue, struct epoll_event *events, int most, int timeout, const sigset_t *signals) {
  if (timeout <= 0 || !clock_is_virtual()) return REAL(epoll_pwait)(queue, events, most, timeout, signals);
  return epoll_until(queue, events, most, in((int64_t)timeout * 1000000), signals);
}

EXPORTED int epoll_wait(int queue, struct epoll_event *events, int most, int timeout) {
  return epoll_pwait(queue, events, most, timeout, NULL);
}

EXPORTED int epoll_pwait2(int queue, struct epoll_event *events, int most, const struct timespec *timeout,
                          const sigset_t *signals) {
  if (timeout == NULL || !is_valid(timeout) || !clock_is_virtual()) {
    if (REAL(epoll_pwait2) != NULL) return REAL(epoll_pwait2)(queue, events, most, timeout, signals);
    errno = ENOSYS;
    return -1;
  }
  return epoll_until(queue, events, most, in(of_timespec(timeout)), signals);
}

EXPORTED int sigtimedwait(const sigset_t *signals, siginfo_t *about, const struct timespec *timeout) {
  if (timeout == NULL || !is_valid(timeout) || !clock_is_virtual())
    return REAL(sigtimedwait)(signals, about, timeout);
  int64_t at = in(of_timespec(timeout));
  for (;;) {
    int64_t wait = clock_until(MONOTONIC, at);
    struct timespec slice = to_timespec(wait);
    int signal = REAL(sigtimedwait)(signals, about, &slice);
    if (signal != -1 || errno != EAGAIN || wait == 0) return signal;
  }
}

/* ── threads ── */

/* As glibc keeps it since 2.25, when the way to ask for it went. */
static enum kind kind_of_condition(const pthread_cond_t *condition) {
  return (condition->__data.__wrefs & 2) != 0 ? MONOTONIC : WALL;
}

/*
 * A thread that is between two slices is not among those that wait, and would lose what is signalled meanwhile. So each slice ends as a spurious wakeup,
 * which whoever waits for a condition has to expect (pthread_cond_timedwait(3p)).
 */
static int wait_for_condition(pthread_cond_t *condition, pthread_mutex_t *mutex, enum kind kind, int64_t at) {
  int64_t wait = clock_until(kind, at);
  struct timespec slice = kernel_in(wait);
  int error = REAL(pthread_cond_clockwait)(condition, mutex, CLOCK_MONOTONIC, &slice);
  return error == ETIMEDOUT && clock_until(kind, at) > 0 ? 0 : error;
}

static int has_clockwait(void) { return REAL(pthread_cond_clockwait) != NULL; }

/* There are two of this name, and the one that is found without its version may be that of 2002. */
static int old_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *at) {
#ifdef __x86_64__
  static int (*found)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
  if (found == NULL) found = (__typeof__(found))dlvsym(RTLD_NEXT, "pthread_cond_timedwait", "GLIBC_2.3.2");
  if (found != NULL) return found(condition, mutex, at);
#endif
  return REAL(pthread_cond_timedwait)(condition, mutex, at);
}

EXPORTED int pthread_cond_timedwait(pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex,
                                    const struct timespec *restrict at) {
  if (!is_valid(at) || !clock_is_virtual() || !has_clockwait()) return old_timedwait(condition, mutex, at);
  return wait_for_condition(condition, mutex, kind_of_condition(condition), of_timespec(at));
}

EXPORTED int pthread_cond_clockwait(pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex, clockid_t id,
                                    const struct timespec *restrict at) {
  enum kind kind = clock_kind(id);
  if (kind == UNTOUCHED || !is_valid(at) || !clock_is_virtual())
    return REAL(pthread_cond_clockwait)(condition, mutex, id, at);
  return wait_for_condition(condition, mutex, kind, of_timespec(at));
}

EXPORTED int cnd_timedwait(cnd_t *restrict condition, mtx_t *restrict mutex, const struct timespec *restrict at) {
  int error = pthread_cond_timedwait((pthread_cond_t *)condition, (pthread_mutex_t *)mutex, at);
  return error == 0 ? thrd_success : error == ETIMEDOUT ? thrd_timedout : thrd_error;
}

/* What is not lost between two slices: `attempt` is one of them, until the kernel's monotonic clock shows `slice`. */
#define UNTIL(kind, at, timed_out, attempt)                               \
  for (;;) {                                                              \
    int64_t wait = clock_until(kind, at);                                 \
    struct timespec slice = kernel_in(wait);                              \
    int result = attempt;                                                 \
    if (!(timed_out) || wait == 0) return result;                         \
  }

/* A lock of threads by its name: with a clock, and with the wall clock. */
#define LOCK(type, timed, clocked)                                                              \
  EXPORTED int clocked(type *restrict lock, clockid_t id, const struct timespec *restrict at) { \
    enum kind kind = clock_kind(id);                                                            \
    if (kind == UNTOUCHED || !is_valid(at) || !clock_is_virtual()) return REAL(clocked)(lock, id, at); \
    UNTIL(kind, of_timespec(at), result == ETIMEDOUT, REAL(clocked)(lock, CLOCK_MONOTONIC, &slice)) \
  }                                                                                             \
  EXPORTED int timed(type *restrict lock, const struct timespec *restrict at) {                 \
    if (!is_valid(at) || !clock_is_virtual() || REAL(clocked) == NULL) return REAL(timed)(lock, at); \
    return clocked(lock, CLOCK_REALTIME, at);                                                   \
  }

LOCK(pthread_mutex_t, pthread_mutex_timedlock, pthread_mutex_clocklock)
LOCK(pthread_rwlock_t, pthread_rwlock_timedrdlock, pthread_rwlock_clockrdlock)
LOCK(pthread_rwlock_t, pthread_rwlock_timedwrlock, pthread_rwlock_clockwrlock)

EXPORTED int mtx_timedlock(mtx_t *restrict mutex, const struct timespec *restrict at) {
  int error = pthread_mutex_timedlock((pthread_mutex_t *)mutex, at);
  return error == 0 ? thrd_success : error == ETIMEDOUT ? thrd_timedout : thrd_error;
}

EXPORTED int sem_clockwait(sem_t *restrict semaphore, clockid_t id, const struct timespec *restrict at) {
  enum kind kind = clock_kind(id);
  if (kind == UNTOUCHED || !is_valid(at) || !clock_is_virtual()) return REAL(sem_clockwait)(semaphore, id, at);
  UNTIL(kind, of_timespec(at), result == -1 && errno == ETIMEDOUT,
        REAL(sem_clockwait)(semaphore, CLOCK_MONOTONIC, &slice))
}

EXPORTED int sem_timedwait(sem_t *restrict semaphore, const struct timespec *restrict at) {
  if (!is_valid(at) || !clock_is_virtual() || REAL(sem_clockwait) == NULL) return REAL(sem_timedwait)(semaphore, at);
  return sem_clockwait(semaphore, CLOCK_REALTIME, at);
}

/* ── by number ── */

/* Whoever waits compares the word again before each slice, so that no wakeup is lost between two. */
static long futex(const long words[6], enum kind kind, int64_t at) {
  long operation = words[1] & ~FUTEX_CLOCK_REALTIME;
  int is_relative = (words[1] & FUTEX_CMD_MASK) == FUTEX_WAIT;
  for (;;) {
    int64_t wait = clock_until(kind, at);
    struct timespec slice = is_relative ? to_timespec(wait) : kernel_in(wait);
    long result = REAL(syscall)(SYS_futex, words[0], operation, words[2], &slice, words[4], words[5]);
    if (result != -1 || errno != ETIMEDOUT || wait == 0) return result;
  }
}

EXPORTED long syscall(long number, ...) {
  long words[6];
  va_list arguments;
  va_start(arguments, number);
  for (int word = 0; word < 6; word++) words[word] = va_arg(arguments, long);
  va_end(arguments);
  int result;
  if (clock_is_virtual()) switch (number) {
      case SYS_clock_gettime:
        return clock_gettime((clockid_t)words[0], (struct timespec *)words[1]);
#ifdef SYS_time
      case SYS_time:
        return time((time_t *)words[0]);
#endif
      case SYS_gettimeofday:
        if (words[0] == 0) break;
        return gettimeofday((struct timeval *)words[0], (void *)words[1]);
#ifdef SYS_nanosleep
      case SYS_nanosleep:
        return nanosleep((const struct timespec *)words[0], (struct timespec *)words[1]);
#endif
      case SYS_clock_nanosleep:
        result = clock_nanosleep((clockid_t)words[0], (int)words[1], (const struct timespec *)words[2],
                                 (struct timespec *)words[3]);
        if (result == 0) return 0;
        errno = result;
        return -1;
      case SYS_futex: {
        const struct timespec *time = (const struct timespec *)words[3];
        long command = words[1] & FUTEX_CMD_MASK;
        if (time == NULL || (command != FUTEX_WAIT && command != FUTEX_WAIT_BITSET) || !is_valid(time)) break;
        if (command == FUTEX_WAIT) return futex(words, MONOTONIC, in(of_timespec(time)));
        return futex(words, (words[1] & FUTEX_CLOCK_REALTIME) != 0 ? WALL : MONOTONIC, of_timespec(time));
      }
      default:
        break;
    }
  return REAL(syscall)(number, words[0], words[1], words[2], words[3], words[4], words[5]);
}
