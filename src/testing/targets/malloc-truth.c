/* A heap whose content is known: chunks of several sizes from several threads, some freed again, and what glibc itself says of it.
 *   malloc-truth [THREADS_THAT_CHURN]
 * Prints "ready IN_USE FREE MAPPED" (mallinfo2: bytes of chunks in use and of free ones, without mapped ones; bytes of mapped ones),
 * and then waits; threads that churn go on to allocate and free at most 4 MiB each. Ends with its parent. */
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { THREADS = 3, KEPT = 5000 };
static void *kept[THREADS + 1][KEPT];
static pthread_barrier_t barrier;

static void fill(long self) {
  static const size_t sizes[] = {40, 296, 2000, 20000};
  void *freed[KEPT];
  for (int i = 0; i < KEPT; i++) {
    kept[self][i] = malloc(sizes[i % 4]);
    memset(kept[self][i], 1, sizes[i % 4]);
    freed[i] = malloc(i % 2 ? 56 : 600); /* 56: a fast chunk once the cache of the thread is full */
  }
  for (int i = 0; i < KEPT; i++) free(freed[i]);
}

static void *work(void *self) {
  fill((long)self);
  pthread_barrier_wait(&barrier);
  for (;;) pause();
}

static void *churn(void *seed) {
  unsigned state = (unsigned)(long)seed + 1;
  void *live[1024] = {0};
  for (;;) {
    int slot = rand_r(&state) % 1024;
    free(live[slot]);
    live[slot] = malloc(16 + rand_r(&state) % 4096);
  }
}

int main(int argc, char **argv) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  setvbuf(stdout, NULL, _IONBF, 0);
  pthread_t thread;
  pthread_barrier_init(&barrier, NULL, THREADS + 1);
  for (long i = 0; i < THREADS; i++) pthread_create(&thread, NULL, work, (void *)i);
  pthread_barrier_wait(&barrier);
  fill(THREADS);
  for (int i = 0; i < 7; i++) memset(malloc(1000000 + 4096 * i), 1, 4096);
  struct mallinfo2 info = mallinfo2();
  printf("ready %zu %zu %zu\n", info.uordblks, info.fordblks, info.hblkhd);
  for (int i = 0; i < (argc > 1 ? atoi(argv[1]) : 0); i++) pthread_create(&thread, NULL, churn, (void *)(long)i);
  for (;;) pause();
}
