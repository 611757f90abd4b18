/* Runs that are stopped anywhere, folders that belong to somebody else, full disks. */
#include "set.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

static const char *reference_set(void) {
    gn_error err;
    const char *dir = fresh("resume_reference");
    gn_reps_plan plan = set_plan(1, GN_F32);
    if (set_write(dir, &plan, false, ROWS, ROWS, &err) != GN_OK) printf("# %s\n", err.message);
    json_decref(plan.about);
    return dir;
}

TEST(resumed_at_every_row) {
    gn_error err;
    const char *want = reference_set();
    gn_reps_plan plan = set_plan(1, GN_F32);
    for (size_t stop = 0; stop < ROWS; stop++) {
        const char *dir = fresh("resume_rows");
        OK(set_write(dir, &plan, false, 4, stop, &err));
        gn_reps *r;
        CHECK(gn_reps_open(dir, &r, &err) == GN_EDATA);
        char say[64];
        snprintf(say, sizeof say, "not finished: %zu of 23 rows are written", stop);
        CHECK_CONTAINS(err.message, say);
        OK(set_write(dir, &plan, false, 5, ROWS, &err));
        CHECK(same_folder(dir, want));
    }
    json_decref(plan.about);
}

TEST(killed_between_rows_and_count) {
    /* rows of a block that gonio.json does not count yet: whole in one layer, cut in another; and
     * the temporary files of a process that died inside a rename */
    gn_error err;
    const char *want = reference_set();
    gn_reps_plan plan = set_plan(1, GN_F32);
    const char *dir = fresh("resume_torn");
    OK(set_write(dir, &plan, false, 4, 12, &err));
    char command[4096];
    snprintf(
        command, sizeof command,
        "cd '%s' && head -c 2000 /dev/urandom >> layer.00.npy && head -c 13 /dev/urandom >> "
        "layer.02.npy && echo half > .gonio.json.77.0.tmp && echo half > rows/.genre.npy.77.0.tmp "
        "&& rm vocab.txt rows/genre.npy && echo half > text.jsonl",
        dir);
    REQUIRE(system(command) == 0);
    OK(set_write(dir, &plan, false, 4, ROWS, &err));
    CHECK(same_folder(dir, want));
    json_decref(plan.about);
}

TEST(layers_shorter_than_the_count) {
    gn_error err;
    gn_reps_plan plan = set_plan(1, GN_F32);
    const char *dir = fresh("resume_short");
    OK(set_write(dir, &plan, false, 4, 12, &err));
    char command[2100];
    snprintf(command, sizeof command, "truncate -s 300 '%s/layer.02.npy'", dir);
    REQUIRE(system(command) == 0);
    CHECK(set_write(dir, &plan, false, 4, ROWS, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "layer.02.npy: 300 bytes, but gonio.json counts 12 rows");
    json_decref(plan.about);
}

TEST(other_inputs_are_refused_by_name) {
    gn_error err;
    gn_reps_plan first = set_plan(1, GN_F32), second = set_plan(2, GN_F32);
    const char *dir = fresh("resume_other");
    OK(set_write(dir, &first, false, 4, 12, &err));
    CHECK(set_write(dir, &second, false, 4, ROWS, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "options.seed is 1 there and 2 now");
    second.n_layers = 2;
    json_object_set_new(json_object_get(second.about, "options"), "seed", json_integer(1));
    CHECK(set_write(dir, &second, false, 4, 12, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "layers is [{");
    /* the refused run has changed nothing */
    OK(set_write(dir, &first, false, 4, ROWS, &err));
    CHECK(same_folder(dir, reference_set()));
    /* and with overwrite an unfinished set gives way */
    dir = fresh("resume_other");
    json_decref(second.about);
    second = set_plan(2, GN_F32);
    OK(set_write(dir, &second, false, 4, 12, &err));
    put_file(dir, ".text.jsonl.5.0.tmp", "half");
    OK(set_write(dir, &first, true, 4, ROWS, &err));
    CHECK(same_folder(dir, reference_set()));
    json_decref(first.about);
    json_decref(second.about);
}

TEST(a_finished_set_stays_until_the_new_one_is_complete) {
    gn_error err;
    gn_reps_plan first = set_plan(1, GN_F32), second = set_plan(2, GN_F32);
    const char *dir = fresh("resume_replace"), *want = reference_set();
    const char *want_second = fresh("resume_second");
    OK(set_write(want_second, &second, false, ROWS, ROWS, &err));
    OK(set_write(dir, &first, false, 4, ROWS, &err));
    OK(set_write(dir, &first, false, 4, ROWS, &err)); /* the same again: nothing to do */
    CHECK(same_folder(dir, want));
    CHECK(set_write(dir, &second, false, 4, ROWS, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "options.seed is 1 there and 2 now");
    OK(set_write(dir, &second, true, 4, 12, &err)); /* stopped half-way */
    CHECK(same_folder(dir, want));
    OK(set_write(dir, &second, true, 4, ROWS, &err));
    CHECK(same_folder(dir, want_second));
    CHECK(!file_there(dir, "../resume_replace.part"));
    /* what another program put there is never deleted */
    put_file(dir, "notes.txt", "mine");
    CHECK(set_write(dir, &first, true, 4, ROWS, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "'notes.txt' in it is not part of a representation set");
    CHECK(file_there(dir, "notes.txt") && file_there(dir, "layer.04.npy"));
    json_decref(first.about);
    json_decref(second.about);
}

TEST(neighbours_of_the_old_set_go_with_it) {
    gn_error err;
    gn_reps_plan first = set_plan(1, GN_F32), second = set_plan(2, GN_F32);
    const char *dir = fresh("resume_knn");
    OK(set_write(dir, &first, false, 4, ROWS, &err));
    char command[2100];
    snprintf(command, sizeof command,
             "mkdir '%s/knn' && touch '%s/knn/layer.00.euclidean.k64.index.npy'", dir, dir);
    REQUIRE(system(command) == 0);
    put_file(dir, "rows/.genre.npy.5.0.tmp", "half");
    put_file(dir, ".gonio.json.5.0.tmp", "half");
    OK(set_write(dir, &second, true, 4, ROWS, &err));
    CHECK(!file_there(dir, "knn") && !file_there(dir, ".gonio.json.5.0.tmp"));
    json_decref(first.about);
    json_decref(second.about);
}

TEST(folders_of_others_are_left_alone) {
    gn_error err;
    gn_reps_plan plan = set_plan(1, GN_F32);
    const char *dir = fresh("resume_foreign");
    OK(gn_make_dirs(dir, &err));
    put_file(dir, "thesis.tex", "years of work");
    for (int overwrite = 0; overwrite < 2; overwrite++) {
        CHECK(set_write(dir, &plan, overwrite, 4, ROWS, &err) == GN_EINVAL);
        CHECK_CONTAINS(err.message, "holds 'thesis.tex' and no gonio.json");
    }
    CHECK(file_there(dir, "thesis.tex") && !file_there(dir, "gonio.json") &&
          !file_there(dir, "rows"));
    dir = fresh("resume_parts");
    OK(gn_make_dirs(dir, &err));
    put_file(dir, ".gonio.json.9.0.tmp", "half"); /* a run that died at once */
    put_file(dir, "vocab.txt", "somebody's");
    CHECK(set_write(dir, &plan, false, 4, ROWS, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "holds 'vocab.txt' and no gonio.json");
    char path[2048];
    snprintf(path, sizeof path, "%s/vocab.txt", dir);
    REQUIRE(unlink(path) == 0);
    OK(set_write(dir, &plan, false, 4, ROWS, &err));
    CHECK(!file_there(dir, ".gonio.json.9.0.tmp"));
    CHECK(set_write("", &plan, false, 4, ROWS, &err) == GN_EINVAL);
    json_decref(plan.about);
}

TEST(two_writers_of_one_folder) {
    gn_error err;
    gn_reps_plan plan = set_plan(1, GN_F32);
    const char *dir = fresh("resume_two");
    gn_reps_writer *one, *two = NULL;
    OK(gn_reps_writer_open(dir, &plan, false, &one, &err));
    CHECK(gn_reps_writer_open(dir, &plan, false, &two, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "another process is writing this set");
    CHECK(two == NULL);
    gn_reps_writer_free(one);
    OK(set_write(dir, &plan, false, 4, ROWS, &err));
    json_decref(plan.about);
}

/* A file size limit stands in for a full disk: the write fails the same way. */
TEST(a_full_disk) {
    gn_error err;
    gn_reps_plan plan = set_plan(1, GN_F32);
    const char *dir = fresh("resume_full");
    pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        signal(SIGXFSZ, SIG_IGN);
        /* gonio.json grows to about 1 kB, a layer to 588 bytes */
        bool good = true;
        gn_reps_writer *w = NULL;
        if (gn_reps_writer_open(dir, &plan, false, &w, &err) != GN_OK) _exit(2);
        good = good && set_append(w, &plan, 0, 6, &err) == GN_OK;
        struct rlimit limit = {400, 400};
        setrlimit(RLIMIT_FSIZE, &limit);
        good = good && set_append(w, &plan, 6, 18, &err) == GN_EIO;
        good = good && strstr(err.message, "layer.00.npy: cannot write") &&
               strstr(err.message, "of 588 (6 of 23 rows are kept") &&
               strstr(err.message, strerror(EFBIG));
        if (!good) printf("# %s\n", err.message);
        fflush(stdout);
        gn_reps_writer_free(w);
        _exit(good ? 0 : 1);
    }
    int status;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    OK(set_write(dir, &plan, false, 4, ROWS, &err));
    CHECK(same_folder(dir, reference_set()));
    json_decref(plan.about);
}

TEST(a_disk_that_is_too_small_from_the_start) {
    gn_error err;
    gn_reps_plan plan = set_plan(1, GN_F32);
    plan.n_dims = (size_t)1 << 50;
    const char *dir = fresh("resume_small");
    gn_reps_writer *w;
    CHECK(gn_reps_writer_open(dir, &plan, false, &w, &err) == GN_EIO);
    CHECK_CONTAINS(err.message, "resume_small: the layers need");
    CHECK(!file_there(dir, "")); /* nothing left behind */
    json_decref(plan.about);
}

TEST(sizes_that_make_no_set) {
    gn_error err;
    gn_reps_plan plan = set_plan(1, GN_F32);
    gn_reps_writer *w;
    plan.n_rows = 0;
    CHECK(gn_reps_writer_open(fresh("resume_none"), &plan, false, &w, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "0 rows, 5 dims, 3 layers");
    plan.n_rows = ROWS;
    plan.n_dims = SIZE_MAX / 2;
    CHECK(gn_reps_writer_open(fresh("resume_none"), &plan, false, &w, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "more than a set can hold");
    json_decref(plan.about);
}

int main(void) {
    RUN(resumed_at_every_row);
    RUN(killed_between_rows_and_count);
    RUN(layers_shorter_than_the_count);
    RUN(other_inputs_are_refused_by_name);
    RUN(a_finished_set_stays_until_the_new_one_is_complete);
    RUN(neighbours_of_the_old_set_go_with_it);
    RUN(folders_of_others_are_left_alone);
    RUN(two_writers_of_one_folder);
    RUN(a_full_disk);
    RUN(a_disk_that_is_too_small_from_the_start);
    RUN(sizes_that_make_no_set);
    return tap_done();
}
