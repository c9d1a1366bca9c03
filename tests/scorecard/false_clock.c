/* Preloaded into a daemon: its time of day is the machine's plus an offset, which the test may change at any moment.

   FALSE_CLOCK names a file of eight octets, the offset in seconds. With FALSE_CLOCK_ALL the monotonic clock is moved as
   well, which no kernel does: that is the test's own mutant.

   libfaketime is not used because it also moves the timerfds of the monotonic clock (its issue 378). boost::asio waits on
   those, so a daemon under it stops for ten years when the clock jumps back by ten years, by no fault of its own. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *offset;
static int all;

__attribute__((constructor)) static void open_clock(void) {
  const char *const path = getenv("FALSE_CLOCK");
  const int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
  void *const page = file < 0 ? MAP_FAILED : mmap(NULL, sizeof *offset, PROT_READ, MAP_SHARED, file, 0);
  if (page == MAP_FAILED) abort(); /* a test that moves no clock proves nothing */
  close(file);
  all = getenv("FALSE_CLOCK_ALL") != NULL;
  offset = page;
}

static int is_moved(clockid_t clock) {
  return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE ||
         (all && (clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_COARSE));
}

int clock_gettime(clockid_t clock, struct timespec *out) {
  const int result = (int)syscall(SYS_clock_gettime, clock, out);
  if (result == 0 && offset && is_moved(clock)) out->tv_sec += *offset;
  return result;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone) {
  struct timespec now;
  (void)zone;
  clock_gettime(CLOCK_REALTIME, &now);
  out->tv_sec = now.tv_sec;
  out->tv_usec = now.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *out) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (out) *out = now.tv_sec;
  return now.tv_sec;
}
