/* Targets are cut and decoded once, or refused with a sentence; members of bodies are what they
 * claim; routes are found; blocks are laid out as docs/api.md says. */
#include "tap.h"

#include "view/wire/block.h"
#include "view/wire/route.h"

#include <math.h>

TEST(targets_are_decoded_once) {
    gn_error err;
    gn_request rq = {0};
    OK(gn_request_parse("/api/sets/a%2Fb%20%c3%a9%2541+c?source=1&q=x+y%2B&flag&empty=", &rq,
                        &err));
    REQUIRE(rq.n_segments == 3 && rq.n_pairs == 4);
    CHECK_STR(rq.segment[0], "api");
    CHECK_STR(rq.segment[2], "a/b \xC3\xA9%41+c"); /* '+' is a space in queries only */
    CHECK_STR(gn_query_text(&rq, "q"), "x y+");
    CHECK_STR(gn_query_text(&rq, "flag"), "");
    CHECK_STR(gn_query_text(&rq, "empty"), "");
    CHECK(gn_query_text(&rq, "missing") == NULL);
    gn_request_free(&rq);
    OK(gn_request_parse("/", &rq, &err));
    CHECK(rq.n_segments == 0 && rq.n_pairs == 0);
    gn_request_free(&rq);
    OK(gn_request_parse("/a/?&&", &rq, &err));
    CHECK(rq.n_segments == 1 && rq.n_pairs == 0);
    gn_request_free(&rq);
}

TEST(bad_targets_are_refused) {
    static const struct {
        const char *target, *part;
    } cases[] = {
        {"", "does not start with '/'"},
        {"http://127.0.0.1/", "does not start with '/'"},
        {"/%", "two hexadecimal digits"},
        {"/%4", "two hexadecimal digits"},
        {"/a%4g", "byte 1 of 'a%4g'"},
        {"/%00", "NUL"},
        {"/?a=%00", "NUL"},
        {"/%80", "UTF-8"},
        {"/?%ff=1", "UTF-8"},
        {"//", "empty segment"},
        {"/a//b", "empty segment"},
        {"/1/2/3/4/5/6/7/8/9", "more than 8 segments"},
        {"/?a=1&b=2&a=3", "'a' twice"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        gn_error err = {0};
        gn_request rq = {0};
        CHECK(gn_request_parse(cases[i].target, &rq, &err) == GN_EINVAL);
        CHECK_CONTAINS(err.message, cases[i].part);
        gn_request_free(&rq);
    }
    char target[GN_URI_BYTES + 2] = "/";
    gn_error err = {0};
    gn_request rq = {0};
    memset(target + 1, 'a', GN_URI_BYTES);
    target[GN_URI_BYTES + 1] = '\0';
    CHECK(gn_request_parse(target, &rq, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "at most 16384");
    gn_request_free(&rq);
    snprintf(target, sizeof target, "/?");
    for (int i = 0; i <= GN_URI_PAIRS; i++) {
        size_t used = strlen(target);
        snprintf(target + used, sizeof target - used, "k%d=&", i);
    }
    CHECK(gn_request_parse(target, &rq, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "more than 32 values");
    gn_request_free(&rq);
}

TEST(numbers_of_queries_are_in_range) {
    gn_error err = {0};
    gn_request rq = {0};
    size_t x = 77;
    bool b = false;
    OK(gn_request_parse("/?k=15&big=18446744073709551616&neg=-1&real=1.5&yes=1&no=false&odd=2", &rq,
                        &err));
    OK(gn_query_size(&rq, "k", 1, 15, 3, &x, &err));
    CHECK(x == 15);
    OK(gn_query_size(&rq, "missing", 1, 15, 3, &x, &err));
    CHECK(x == 3);
    CHECK(gn_query_size(&rq, "k", 1, 14, 3, &x, &err) == GN_EINVAL && x == 3);
    CHECK_CONTAINS(err.message, "k: '15', expected a whole number from 1 to 14");
    CHECK(gn_query_size(&rq, "k", 16, 20, 3, &x, &err) == GN_EINVAL);
    CHECK(gn_query_size(&rq, "big", 0, SIZE_MAX, 3, &x, &err) == GN_EINVAL);
    CHECK(gn_query_size(&rq, "neg", 0, SIZE_MAX, 3, &x, &err) == GN_EINVAL);
    CHECK(gn_query_size(&rq, "real", 0, SIZE_MAX, 3, &x, &err) == GN_EINVAL);
    CHECK(gn_text_size("", "x", 0, 9, &x, &err) == GN_EINVAL && x == 3);
    OK(gn_query_bool(&rq, "yes", false, &b, &err));
    CHECK(b);
    OK(gn_query_bool(&rq, "no", true, &b, &err));
    CHECK(!b);
    OK(gn_query_bool(&rq, "missing", true, &b, &err));
    CHECK(b);
    CHECK(gn_query_bool(&rq, "odd", true, &b, &err) == GN_EINVAL);
    gn_request_free(&rq);
}

TEST(members_of_bodies_have_their_type) {
    static const char *const words[] = {"pca", "tsne", NULL};
    gn_error err = {0};
    json_t *o, *body = json_pack("{s:s,s:i,s:f,s:b,s:n,s:{},s:s%}", "text", "x", "whole", 7, "real",
                                 0.5, "yes", 1, "null", "object", "nul", "a\0b", (size_t)3);
    const char *text = "before";
    size_t n = 0;
    double x = 0;
    bool b = false;
    REQUIRE(body);
    OK(gn_body_text(body, "text", NULL, &text, &err));
    CHECK_STR(text, "x");
    OK(gn_body_text(body, "null", "otherwise", &text, &err));
    CHECK_STR(text, "otherwise");
    OK(gn_body_text(NULL, "text", "no body", &text, &err));
    CHECK_STR(text, "no body");
    CHECK(gn_body_text(body, "whole", NULL, &text, &err) == GN_EINVAL);
    CHECK_STR(err.message, "'whole': expected a string, found an integer");
    CHECK(gn_body_text(body, "nul", NULL, &text, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "NUL");
    CHECK(gn_body_need_text(body, "missing", &text, &err) == GN_EINVAL);
    CHECK_STR(err.message, "'missing': expected a string, found nothing");
    CHECK_STR(text, "no body");
    OK(gn_body_size(body, "whole", 1, 7, 0, &n, &err));
    CHECK(n == 7);
    CHECK(gn_body_size(body, "whole", 8, 9, 0, &n, &err) == GN_EINVAL && n == 7);
    CHECK(gn_body_size(body, "real", 0, 9, 0, &n, &err) == GN_EINVAL);
    OK(gn_body_real(body, "whole", 0, 10, 0, &x, &err));
    CHECK(x == 7);
    CHECK(gn_body_real(body, "real", 0.6, 1, 0, &x, &err) == GN_EINVAL && x == 7);
    CHECK(gn_body_real(body, "text", 0, 1, 0, &x, &err) == GN_EINVAL);
    OK(gn_body_bool(body, "yes", false, &b, &err));
    CHECK(b);
    CHECK(gn_body_bool(body, "whole", false, &b, &err) == GN_EINVAL);
    OK(gn_body_object(body, "object", &o, &err));
    CHECK(o != NULL);
    OK(gn_body_object(body, "null", &o, &err));
    CHECK(o == NULL);
    CHECK(gn_body_object(body, "text", &o, &err) == GN_EINVAL);
    CHECK(gn_body_word(body, "text", words, 0, &n, &err) == GN_EINVAL);
    CHECK_STR(err.message, "'text': 'x', expected one of pca, tsne");
    OK(gn_body_word(body, "missing", words, 1, &n, &err));
    CHECK(n == 1);
    json_decref(body);
}

/* ---- routes ------------------------------------------------------------------------------ */

static gn_status never(gn_view *v, const gn_request *rq, gn_reply *re, gn_error *err) {
    (void)v, (void)rq, (void)re;
    return gn_fail(err, GN_EINVAL, "not called");
}

TEST(the_most_literal_route_wins) {
    static const gn_route one[] = {{"GET", "/a/{x}", never, false},
                                   {"GET", "/a/{x}/c", never, false},
                                   {"PUT", "/a/{x}/c", never, false},
                                   {0}};
    static const gn_route two[] = {{"GET", "/a/b", never, false},
                                   {"GET", "/a/{x}/{y}", never, false},
                                   {"GET", "/a/b/{y}", never, false},
                                   {0}};
    static const gn_route *const both[][2] = {{one, two}, {two, one}};
    static const struct {
        const char *method, *path, *pattern;
    } cases[] = {
        {"GET", "/a/b", "/a/b"},         {"GET", "/a/z", "/a/{x}"},
        {"GET", "/a/z/c", "/a/{x}/c"},   {"GET", "/a/b/c", "/a/b/{y}"},
        {"GET", "/a/z/z", "/a/{x}/{y}"}, {"PUT", "/a/b/c", "/a/{x}/c"},
        {"GET", "/a/%7Bx%7D", "/a/{x}"},
    };
    for (size_t order = 0; order < 2; order++)
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            gn_error err;
            gn_request rq = {.method = cases[i].method};
            gn_reply re = {0};
            OK(gn_request_parse(cases[i].path, &rq, &err));
            const gn_route *r = gn_route_find(both[order], 2, &rq, &re, &err);
            REQUIRE(r);
            CHECK_STR(r->pattern, cases[i].pattern);
            if (i == 1) CHECK_STR(rq.part[0], "z");
            if (i == 6) CHECK_STR(rq.part[0], "{x}");
            gn_request_free(&rq);
        }
    gn_error err;
    gn_request rq = {.method = "DELETE"};
    gn_reply re = {0};
    OK(gn_request_parse("/a/b/c", &rq, &err));
    CHECK(!gn_route_find(both[0], 2, &rq, &re, &err) && re.status == 405);
    CHECK_STR(re.allow, "GET, PUT");
    gn_request_free(&rq);
    rq = (gn_request){.method = "GET"};
    OK(gn_request_parse("/a/b/c/d", &rq, &err));
    CHECK(!gn_route_find(both[0], 2, &rq, &re, &err) && re.status == 404);
    gn_request_free(&rq);
}

/* ---- blocks ------------------------------------------------------------------------------ */

TEST(blocks_are_aligned_and_say_where_things_are) {
    const uint16_t u2[] = {1, 2, 3};
    const float f4[] = {0.5F, NAN};
    gn_error err = {0};
    /* Titles of every length take the header over each boundary, and its own digits, too. */
    for (size_t title = 0; title < 1200; title++) {
        char text[1201] = "";
        memset(text, 'x', title);
        json_t *meta = json_pack("{s:s,s:i}", "title", text, "bytes", 1);
        const gn_block_array array[] = {
            {.name = "u", .dtype = GN_U16, .n_dims = 1, .shape = {3}, .data = u2},
            {.name = "f", .dtype = GN_F32, .n_dims = 2, .shape = {2, 1}, .data = f4},
            {.name = "z", .dtype = GN_I32, .n_dims = 1, .shape = {2}},
            {.name = "none", .dtype = GN_F64, .n_dims = 1, .shape = {0}}};
        gn_block b;
        OK(gn_block_new(array, 4, meta, &b, &err));
        json_decref(meta);
        uint32_t head;
        memcpy(&head, b.bytes, 4);
        json_t *root = json_loadb((const char *)b.bytes + 4, head, 0, NULL);
        REQUIRE((4 + head) % 8 == 0 && root);
        CHECK(json_integer_value(json_object_get(root, "bytes")) == (json_int_t)b.n);
        json_t *arrays = json_object_get(root, "arrays");
        size_t end = 4 + head;
        for (size_t i = 0; i < 4; i++) {
            json_t *a = json_object_get(arrays, array[i].name);
            size_t at = (size_t)json_integer_value(json_object_get(a, "offset"));
            CHECK(at == end && b.data[i] == b.bytes + at);
            CHECK(json_array_size(json_object_get(a, "shape")) == array[i].n_dims);
            end += i < 3 ? 8 : 0;
        }
        CHECK(end == b.n);
        CHECK(memcmp(b.data[0], u2, sizeof u2) == 0 && memcmp(b.data[1], f4, sizeof f4) == 0);
        CHECK(((int32_t *)b.data[2])[1] == 0);
        json_decref(root);
        gn_block_free(&b);
        if (tap_bad) return;
    }
    const gn_block_array huge = {.name = "h", .dtype = GN_F32, .n_dims = 1, .shape = {1U << 30}};
    const gn_block_array odd = {.name = "o", .dtype = GN_BF16, .n_dims = 1, .shape = {1}};
    gn_block b = {0};
    CHECK(gn_block_new(&huge, 1, NULL, &b, &err) == GN_EINVAL && !b.bytes);
    CHECK(gn_block_new(&odd, 1, NULL, &b, &err) == GN_EINVAL && !b.bytes);
}

TEST(only_this_server_s_names_are_its_host) {
    CHECK(gn_is_own_host("127.0.0.1:80", 80) && gn_is_own_host("localhost:8080", 8080));
    CHECK(!gn_is_own_host("127.0.0.1:81", 80) && !gn_is_own_host("127.0.0.1", 81));
    CHECK(!gn_is_own_host(NULL, 80) && !gn_is_own_host("", 80));
    CHECK(!gn_is_own_host("localhost:80.evil.example", 80));
    /* browsers leave HTTP's own port out */
    CHECK(gn_is_own_host("127.0.0.1", 80) && gn_is_own_host("localhost", 80));
    CHECK(!gn_is_own_host("evil.example", 80) && gn_is_own_origin("http://127.0.0.1", 80));
    CHECK(gn_is_own_origin("http://localhost:80", 80));
    CHECK(!gn_is_own_origin("https://localhost:80", 80) && !gn_is_own_origin("null", 80));
}

int main(void) {
    RUN(targets_are_decoded_once);
    RUN(bad_targets_are_refused);
    RUN(numbers_of_queries_are_in_range);
    RUN(members_of_bodies_have_their_type);
    RUN(the_most_literal_route_wins);
    RUN(blocks_are_aligned_and_say_where_things_are);
    RUN(only_this_server_s_names_are_its_host);
    return tap_done();
}
