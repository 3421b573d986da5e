/* Looks at a clock by glibc itself and by what stands in front of it, in turns, and prints the nanoseconds of each, the best of many rounds. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#define LOOKS 100000
#define ROUNDS 50

typedef int look(clockid_t, struct timespec *);

int main(void) {
  void *library = dlopen("libc.so.6", RTLD_LAZY);
  look *bare = (look *)dlsym(library, "clock_gettime");
  look *looks[2] = {bare, clock_gettime};
  const clockid_t ids[2] = {CLOCK_MONOTONIC, CLOCK_REALTIME};
  double best[2][2] = {{1e9, 1e9}, {1e9, 1e9}};
  for (int round = 0; round < ROUNDS; round++)
    for (int id = 0; id < 2; id++)
      for (int which = 0; which < 2; which++) {
        struct timespec from, to, time;
        bare(CLOCK_MONOTONIC, &from);
        for (int n = 0; n < LOOKS; n++) looks[which](ids[id], &time);
        bare(CLOCK_MONOTONIC, &to);
        double each = ((double)(to.tv_sec - from.tv_sec) * 1e9 + (double)(to.tv_nsec - from.tv_nsec)) / LOOKS;
        if (each < best[id][which]) best[id][which] = each;
      }
  for (int id = 0; id < 2; id++) printf("%.1f %.1f\n", best[id][0], best[id][1]);
  return 0;
}
