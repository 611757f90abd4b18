/* The arithmetic ceiling of this machine, to stand beside what is measured in the same minute.
 *
 *     bench-peak [THREADS [BURSTS]]
 *
 * All threads at once, BURSTS times a few milliseconds; the median over bursts of each thread,
 * added over threads, as one JSON line. amx is null where the processor has no tiles. */
#define _GNU_SOURCE
#include "clock.h"

#include "peak.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST_THREADS = 256, MOST_BURSTS = 1000 };

static int bursts = 15;

struct probe {
    pthread_t thread;
    double fma, amx;
};

static double median_of(double (*peak)(void)) {
    double rate[MOST_BURSTS];
    for (int i = 0; i < bursts; i++) rate[i] = peak();
    qsort(rate, (size_t)bursts, sizeof *rate, ascending);
    return rate[bursts / 2];
}

static void *run(void *user) {
    struct probe *p = user;
    p->fma = median_of(peak_fma);
    p->amx = median_of(peak_amx);
    return NULL;
}

int main(int argc, char **argv) {
    static struct probe probe[MOST_THREADS];
    int threads = argc > 1 ? atoi(argv[1]) : 1;
    double fma = 0, amx = 0;
    if (argc > 2) bursts = atoi(argv[2]);
    if (threads < 1 || threads > MOST_THREADS || bursts < 1 || bursts > MOST_BURSTS) return 64;
    for (int t = 0; t < threads; t++)
        if (pthread_create(&probe[t].thread, NULL, run, &probe[t]) != 0) return 1;
    for (int t = 0; t < threads; t++) {
        pthread_join(probe[t].thread, NULL);
        fma += probe[t].fma;
        amx += probe[t].amx;
    }
    printf("{\"bench\": \"peak\", \"threads\": %d, \"fma_gflops\": %.1f, \"amx_gflops\": ", threads,
           fma);
    if (amx > 0)
        printf("%.1f}\n", amx);
    else
        printf("null}\n");
    return 0;
}
