/*
 * Keeps one record of 1 KiB every millisecond, in a thread that is never inside of malloc for long; its main thread waits.
 * With an argument it ends by itself after so many milliseconds. With -DCANONICAL it takes the address of malloc, which in a program of fixed addresses makes the symbol its own.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct record {
    struct record *next;
    char value[1000];
};

static struct record *kept;

#ifdef CANONICAL
static void *(*volatile allocate)(size_t);
#else
#define allocate malloc
#endif

__attribute__((noinline)) void keep_record(void) {
    struct record *record = allocate(sizeof *record);
    memset(record->value, 1, sizeof record->value);
    record->next = kept;
    kept = record;
}

static void *consume(void *unused) {
    for (;;) {
        keep_record();
        free(allocate(64));
        usleep(1000);
    }
    return unused;
}

int main(int count, char **arguments) {
    pthread_t thread;
#ifdef CANONICAL
    allocate = malloc;
#endif
    pthread_create(&thread, NULL, consume, NULL);
    puts("ready");
    fflush(stdout);
    if (count > 1) {
        usleep(atoi(arguments[1]) * 1000);
        return 0;
    }
    pthread_join(thread, NULL);
}
