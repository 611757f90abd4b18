/* One pass in any order gives the same bytes: threads, batches, blocks, interruptions. And what
 * goes wrong says so. */
#include "fake.h"

#include "base/random.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

enum { RECORDS = 61 };

/* Sentences of 1 to 9 words with two label columns and a target; deterministic. */
static char *make_corpus(void) {
    static const char *const words[] = {"the", "dogs", "bark",    "unbelievable", "cat",
                                        "see", "we",   "barking", "qqq"};
    static char text[RECORDS * 200];
    gn_random r = gn_random_new(7, 0);
    size_t n = (size_t)sprintf(text, "text,target,genre\n");
    for (int i = 0; i < RECORDS; i++) {
        size_t count = 1 + gn_random_below(&r, 9), first = 0;
        for (size_t k = 0; k < count; k++) {
            const char *w = words[gn_random_below(&r, 9)];
            if (k == 0) first = strlen(w);
            n += (size_t)sprintf(text + n, "%s%s", k ? " " : "", w);
        }
        n += (size_t)sprintf(text + n, ",%s%.0zu,%c\n", i % 5 ? "0:" : "", i % 5 ? first : 0,
                             "xyz"[i % 3]);
    }
    return text;
}

/* Runs once; *polls NULL: is never cancelled. */
static gn_status run(const char *dir, gn_extract_opts opts, unsigned threads, size_t block,
                     int *polls, fake *f, gn_extract_result *result, gn_error *err) {
    job j;
    fake own = fake_new();
    gn_status st = job_open(&j, f ? f : &own, "run.csv", make_corpus(), err);
    if (st == GN_OK) {
        gn_ctx *ctx = make_ctx(threads, polls);
        j.in.block_sequences = block;
        st = gn_extract_run(ctx, &j.in, &opts, dir, result, err);
        gn_ctx_free(ctx);
    }
    job_close(&j);
    return st;
}

static const gn_extract_opts kinds[] = {
    {.pool = GN_POOL_NONE},
    {.pool = GN_POOL_MEAN, .drop_special = true, .dtype = GN_F16},
    {.pool = GN_POOL_TARGET, .layers = "0,-1"},
    {.pool = GN_POOL_WORD, .max_tokens = 6, .dtype = GN_BF16, .no_special = true},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

TEST(threads_batches_and_blocks_change_nothing) {
    gn_error err;
    for (size_t kind = 0; kind < KINDS; kind++) {
        gn_extract_opts opts = kinds[kind];
        const char *want = fresh("run_want");
        OK(run(want, opts, 1, 0, NULL, NULL, NULL, &err));
        static const struct {
            unsigned threads;
            size_t batch, block;
        } ways[] = {{2, 0, 0}, {1, 1, 0}, {3, 40, 7}, {2, 13, 1}, {1, 100000, 64}, {2, 5, 60}};
        for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
            opts.batch_tokens = ways[i].batch;
            const char *dir = fresh("run_way");
            fake f = fake_new();
            OK(run(dir, opts, ways[i].threads, ways[i].block, NULL, &f, NULL, &err));
            CHECK(same_folder(dir, want));
            size_t most = ways[i].batch > POSITIONS ? ways[i].batch : POSITIONS;
            if (ways[i].batch) CHECK(f.longest_batch <= most);
        }
    }
}

TEST(stopped_anywhere_and_continued) {
    gn_error err;
    for (size_t kind = 0; kind < KINDS; kind++) {
        gn_extract_opts opts = kinds[kind];
        const char *want = fresh("run_want");
        OK(run(want, opts, 1, 0, NULL, NULL, NULL, &err));
        opts.batch_tokens = 30;
        size_t resumed = 0;
        int stopped = 0;
        for (int n = 0;; n++) {
            const char *dir = fresh("run_stopped");
            int polls = n;
            gn_status st = run(dir, opts, 2, 9, &polls, NULL, NULL, &err);
            if (st == GN_OK) {
                CHECK(same_folder(dir, want));
                break;
            }
            REQUIRE(st == GN_ECANCEL);
            stopped++;
            if (file_there(dir, "gonio.json")) CHECK_CONTAINS(err.message, "sequences are kept");
            /* a second interruption, then the rest in one go */
            polls = n / 2 + 3;
            st = run(dir, opts, 1, 4, &polls, NULL, NULL, &err);
            REQUIRE(st == GN_ECANCEL || st == GN_OK);
            gn_extract_result result = {0};
            if (st == GN_ECANCEL) OK(run(dir, opts, 1, 30, NULL, NULL, &result, &err));
            CHECK(same_folder(dir, want));
            if (result.n_resumed > resumed) resumed = result.n_resumed;
        }
        CHECK(stopped > 10);
        CHECK(resumed > RECORDS / 2 && resumed < RECORDS);
    }
}

TEST(other_options_are_refused_by_name) {
    gn_error err;
    const char *dir = fresh("run_other");
    gn_extract_opts opts = {.batch_tokens = 10};
    int polls = 20;
    CHECK(run(dir, opts, 1, 5, &polls, NULL, NULL, &err) == GN_ECANCEL);
    REQUIRE(file_there(dir, "gonio.json"));
    static const struct {
        gn_extract_opts opts;
        const char *say;
    } others[] = {
        {{.pool = GN_POOL_FIRST}, "rows is"},
        {{.dtype = GN_F16}, "dtype is \"float32\" there and \"float16\" now"},
        {{.layers = "0"}, "layers is"},
        {{.take = GN_TAKE_NORM1}, "options.take is \"block\" there and \"norm1\" now"},
        {{.max_tokens = 11}, "is"},
        {{.model.precision = GN_PRECISION_FAST}, "options.precision is \"exact\" there"},
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        CHECK(run(dir, others[i].opts, 1, 0, NULL, NULL, NULL, &err) == GN_EINVAL);
        CHECK_CONTAINS(err.message, "was begun with other inputs or options");
        CHECK_CONTAINS(err.message, others[i].say);
    }
    OK(run(dir, opts, 1, 0, NULL, NULL, NULL, &err));
    OK(run(dir, opts, 1, 0, NULL, NULL, NULL, &err)); /* finished by the same: nothing to do */
    opts.pool = GN_POOL_MEAN;
    CHECK(run(dir, opts, 1, 0, NULL, NULL, NULL, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "run_other: holds a finished representation set");
    opts.overwrite = true;
    OK(run(dir, opts, 1, 0, NULL, NULL, NULL, &err));
    opts.overwrite = false;
    const char *want = fresh("run_want");
    OK(run(want, opts, 1, 0, NULL, NULL, NULL, &err));
    CHECK(same_folder(dir, want));
}

static int n_reports;
static double last_done, last_total;
static void progress(void *user, const char *task, double done, double total, const char *unit) {
    (void)user;
    if (strcmp(task, "extract") != 0) return;
    if (strcmp(unit, "tokens") == 0 && done > last_done && done <= total) n_reports++;
    last_done = done;
    last_total = total;
}

TEST(progress_counts_tokens_to_the_end) {
    gn_error err;
    job j;
    fake f = fake_new();
    OK(job_open(&j, &f, "run.csv", make_corpus(), &err));
    gn_ctx *ctx;
    OK(gn_ctx_new(&(gn_ctx_opts){.n_threads = 1, .hooks = {.progress = progress}}, &ctx, &err));
    gn_extract_result result;
    gn_extract_opts opts = {.batch_tokens = 50};
    OK(gn_extract_run(ctx, &j.in, &opts, fresh("run_progress"), &result, &err));
    CHECK(n_reports == (int)f.n_forward && n_reports > 5);
    CHECK(last_done == last_total && last_total == (double)result.n_tokens);
    CHECK(result.n_tokens == f.n_tokens && result.n_rows == f.n_tokens && result.n_resumed == 0);
    gn_ctx_free(ctx);
    job_close(&j);
}

TEST(values_that_cannot_be_stored) {
    gn_error err;
    fake f = fake_new();
    const char *dir = fresh("run_poison");
    f.poison = (float)NAN;
    CHECK(run(dir, (gn_extract_opts){0}, 1, 0, NULL, &f, NULL, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "layer 2, row ");
    CHECK_CONTAINS(err.message, "dimension 4: the model gives nan");
    f.poison = 70000;
    CHECK(run(fresh("run_f16"), (gn_extract_opts){.dtype = GN_F16}, 1, 0, NULL, &f, NULL, &err) ==
          GN_EDATA);
    CHECK_CONTAINS(err.message, "dimension 4: 70000 is beyond float16");
    OK(run(fresh("run_f32"), (gn_extract_opts){0}, 1, 0, NULL, &f, NULL, &err));
    f = fake_new(); /* a good model of the same weights continues the first one */
    OK(run(dir, (gn_extract_opts){0}, 1, 0, NULL, &f, NULL, &err));
}

TEST(impossible_wishes) {
    static const struct {
        gn_extract_opts opts;
        gn_status st;
        const char *say;
    } cases[] = {
        {{.max_tokens = 13}, GN_EINVAL, "max_tokens 13: the model takes 12"},
        {{.max_tokens = 2}, GN_EINVAL, "leaves no room for text"},
        {{.layers = "4"}, GN_EINVAL, "a layer that is not there"},
        {{.dtype = GN_F64}, GN_EINVAL, "float64: layers are stored as"},
        {{.no_special = true, .drop_special = true}, GN_EINVAL, "exclude each other"},
        {{.pool = (gn_pool)9}, GN_EINVAL, "pool 9"},
    };
    gn_error err;
    const char *dir = fresh("run_impossible");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        gn_extract_result result = {.n_rows = 77};
        CHECK(run(dir, cases[i].opts, 1, 0, NULL, NULL, &result, &err) == cases[i].st);
        CHECK_CONTAINS(err.message, cases[i].say);
        CHECK(result.n_rows == 77 && !file_there(dir, ""));
    }
    fake f = fake_new();
    f.lazy = true;
    CHECK(run(dir, (gn_extract_opts){0}, 1, 0, NULL, &f, NULL, &err) == GN_ENOSUPP);
    CHECK_CONTAINS(err.message, "gives 1 of the 4 layers");
    f = fake_new();
    f.info.vocab_size = 15;
    CHECK(run(dir, (gn_extract_opts){0}, 1, 0, NULL, &f, NULL, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "is outside the model's vocabulary of 15");
    job j;
    f = fake_new();
    OK(job_open(&j, &f, "plain.txt", "the cat\n", &err));
    CHECK(gn_extract_run(NULL, &j.in, &(gn_extract_opts){.pool = GN_POOL_TARGET}, dir, NULL,
                         &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "plain.txt: pool target: no record names its word");
    job_close(&j);
    OK(job_open(&j, &f, "late.csv", "text,target\nthe cat sat on a dog,17:20\n", &err));
    gn_extract_opts late = {.pool = GN_POOL_TARGET, .max_tokens = 4};
    CHECK(gn_extract_run(NULL, &j.in, &late, dir, NULL, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "late.csv: the text gives no rows: 1 sequences");
    job_close(&j);
}

/* A file size limit stands in for a full disk: the write fails the same way. */
TEST(a_full_disk_leaves_a_set_that_can_be_continued) {
    gn_error err;
    gn_extract_opts opts = {.batch_tokens = 30};
    const char *want = fresh("run_want"), *dir = fresh("run_full");
    OK(run(want, opts, 1, 0, NULL, NULL, NULL, &err));
    pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        signal(SIGXFSZ, SIG_IGN);
        struct rlimit limit = {11000,
                               11000}; /* text.jsonl and the row table fit, a layer does not */
        setrlimit(RLIMIT_FSIZE, &limit);
        gn_status st = run(dir, opts, 1, 9, NULL, NULL, NULL, &err);
        bool good = st == GN_EIO && strstr(err.message, "run_full/layer.00.npy: cannot write") &&
                    strstr(err.message, "the same command continues there");
        if (!good) printf("# %s: %s\n", gn_status_name(st), err.message);
        fflush(stdout);
        _exit(good ? 0 : 1);
    }
    int status;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    gn_extract_result result;
    OK(run(dir, opts, 1, 9, NULL, NULL, &result, &err));
    CHECK(result.n_resumed > 0);
    CHECK(same_folder(dir, want));
}

TEST(numpy_opens_the_files) {
    gn_error err;
    /* the system's Python first: the one that Debian's python3-numpy serves */
    const char *python = "/usr/bin/python3";
    if (system("/usr/bin/python3 -c 'import numpy' 2>/dev/null") != 0) {
        python = "python3";
        if (system("python3 -c 'import numpy' 2>/dev/null") != 0) SKIP("python3 has no numpy");
    }
    const char *dir = fresh("run_numpy");
    OK(run(dir, (gn_extract_opts){.pool = GN_POOL_WORD}, 1, 0, NULL, NULL, NULL, &err));
    char command[4096];
    snprintf(command, sizeof command,
             "cd '%s' && %s -c \"\n"
             "import json, numpy as np\n"
             "about = json.load(open('gonio.json'))\n"
             "lines = [json.loads(l) for l in open('text.jsonl', encoding='utf-8')]\n"
             "word = np.load('rows/word.npy')\n"
             "names = open('rows/word.txt', encoding='utf-8').read().splitlines()\n"
             "seq, pos = np.load('rows/sequence.npy'), np.load('rows/position.npy')\n"
             "for l in about['layers']:\n"
             "    x = np.load(l['file'], mmap_mode='r')\n"
             "    assert x.shape == (about['rows'], about['dims']) and x.dtype == np.float32\n"
             "for i in range(about['rows']):\n"
             "    line = lines[seq[i]]\n"
             "    start = line['tokens'][pos[i]][0]\n"
             "    assert line['text'][start:].startswith(names[word[i]])\n"
             "assert len(lines) == about['sequences'] == %d\n"
             "\"",
             dir, python, RECORDS);
    CHECK(system(command) == 0);
}

int main(void) {
    RUN(threads_batches_and_blocks_change_nothing);
    RUN(stopped_anywhere_and_continued);
    RUN(other_options_are_refused_by_name);
    RUN(progress_counts_tokens_to_the_end);
    RUN(values_that_cannot_be_stored);
    RUN(impossible_wishes);
    RUN(a_full_disk_leaves_a_set_that_can_be_continued);
    RUN(numpy_opens_the_files);
    return tap_done();
}
