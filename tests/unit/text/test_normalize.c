/* The normaliser alone, on every code point: an unknown word hides what became of its letters. */
#include "golden_tokenizer.h"

#include "text/normalize.h"
#include "text/utf8.h"

TEST(equals_the_reference_on_every_code_point) {
    static const gn_normalize_opts kind[3] = {
        {true, true, true, true}, {.lower = true}, {.strip = true}};
    gn_unicode u;
    gn_error err;
    OK(gn_unicode_new(&u, &err));
    FILE *f = fopen(test_path("golden/tokenizer/normalized.txt"), "r");
    REQUIRE(f != NULL);
    char line[128];
    gn_norm norm = {0};
    int n = 0;
    while (fgets(line, sizeof line, f)) {
        unsigned block;
        unsigned long long want[3];
        if (sscanf(line, "%x %llx %llx %llx", &block, &want[0], &want[1], &want[2]) != 4) continue;
        digest d[3] = {digest_new(), digest_new(), digest_new()};
        for (uint32_t cp = block; cp < block + 4096; cp++) {
            if (cp >= 0xD800 && cp < 0xE000) continue;
            char text[8] = "a";
            size_t len = 1 + gn_utf8_put(text + 1, cp);
            len += gn_utf8_put(text + len, 0x345);
            for (int k = 0; k < 3; k++) {
                OK(gn_normalize(&u, kind[k], text, len, 0, &norm, &err));
                for (size_t i = 0; i < norm.n; i++) digest_add(&d[k], (unsigned char)norm.text[i]);
                digest_add(&d[k], UINT32_MAX - 1);
            }
        }
        for (int k = 0; k < 3; k++) {
            if (d[k].h != want[k]) printf("# setting %d differs from U+%06X on\n", k, block);
            CHECK(d[k].h == want[k]);
        }
        n++;
    }
    CHECK(n == 0x110);
    fclose(f);
    gn_norm_free(&norm);
    gn_unicode_free(&u);
}

TEST(places_follow_the_reference) {
    /* One e with two marks out of order, a Hangul syllable, a Chinese character, a dropped control.
     */
    static const char text[] = "e\xCC\x81\xCC\xA7\xEA\xB0\x81\x01\xE4\xB8\xAD";
    gn_unicode u;
    gn_error err;
    gn_norm norm = {0};
    OK(gn_unicode_new(&u, &err));
    OK(gn_normalize(&u, (gn_normalize_opts){true, true, true, true}, text, sizeof text - 1, 100,
                    &norm, &err));
    static const char want[] = "e\xE1\x84\x80\xE1\x85\xA1\xE1\x86\xA8 \xE4\xB8\xAD ";
    REQUIRE(norm.n == sizeof want - 1);
    CHECK(memcmp(norm.text, want, norm.n) == 0);
    CHECK(norm.start[0] == 100 && norm.end[0] == 101);
    for (size_t i = 1; i < 10; i++) CHECK(norm.start[i] == 105 && norm.end[i] == 108);
    for (size_t i = 10; i < 15; i++) CHECK(norm.start[i] == 109 && norm.end[i] == 112);
    gn_norm_free(&norm);
    gn_unicode_free(&u);
}

int main(void) {
    RUN(equals_the_reference_on_every_code_point);
    RUN(places_follow_the_reference);
    return tap_done();
}
