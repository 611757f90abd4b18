/* Every allocation of writing, reading and extracting fails once. */
#include "fail_alloc.h"
#include "fake.h"

static const char *const csv =
    "text,target,genre\nthe dogs bark,4:8,x\n\"a cat, unbelievable\",7:19,\n"
    "we see we see we see we see we see we see,0:2,y\n";

static gn_status write_and_read(void *user, gn_error *err) {
    const gn_reps_plan *plan = user;
    const char *dir = fresh("memory_set");
    gn_reps *r = NULL;
    gn_status st = set_write(dir, plan, false, 9, ROWS, err);
    if (st == GN_OK) st = gn_reps_open(dir, &r, err);
    gn_reps_free(r);
    return st;
}

static gn_status extract(void *user, gn_error *err) {
    job *j = user;
    gn_extract_opts opts = {.pool = GN_POOL_WORD, .batch_tokens = 8};
    return gn_extract_run(NULL, &j->in, &opts, fresh("memory_extract"), NULL, err);
}

TEST(sets) {
    gn_reps_plan plan = set_plan(1, GN_F32);
    fresh("memory_set");
    CHECK(fail_sweep(write_and_read, &plan, "a set") > 30);
    json_decref(plan.about);
}

TEST(extraction) {
    gn_error err;
    fake f = fake_new();
    job j;
    OK(job_open(&j, &f, "memory.csv", csv, &err));
    fresh("memory_extract");
    CHECK(fail_sweep(extract, &j, "extraction") > 60);
    job_close(&j);
}

int main(void) {
    RUN(sets);
    RUN(extraction);
    return tap_done();
}
