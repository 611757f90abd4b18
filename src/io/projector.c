/* A reader of the part of protocol-buffer text that projector_config.pbtxt uses: scalars, strings
 * with escapes, messages in braces or angle brackets, lists in square ones, comments. It keeps a
 * position and a line; each function leaves the position behind what it read. */
#define _XOPEN_SOURCE 700
#include "io/projector.h"

#include "base/str.h"
#include "io/file.h"

#include <stdlib.h>
#include <string.h>

enum { DEEPEST = 16, LARGEST = 1 << 24, MOST_TENSORS = 10000 };

typedef struct reader {
    const char *name, *folder;
    const char *p, *end;
    size_t line;
    gn_arena *arena;
    gn_error *err;
} reader;

/* A field's value: a word (number or name), a string, or the start of a message. */
typedef struct value {
    const char *text;
    bool message;
    char closer;
} value;

static gn_status bad(const reader *r, const char *what) {
    return gn_fail(r->err, GN_EDATA, "%s: line %zu: %s", r->name, r->line, what);
}

static void skip_blanks(reader *r) {
    for (; r->p < r->end; r->p++) {
        if (*r->p == '#')
            while (r->p < r->end && *r->p != '\n') r->p++;
        if (r->p == r->end) return;
        if (*r->p == '\n') r->line++;
        if (!strchr(" \t\r\n\v\f", *r->p) || *r->p == '\0') return;
    }
}

static bool peek(reader *r, const char *set) {
    skip_blanks(r);
    return r->p < r->end && *r->p && strchr(set, *r->p);
}

static bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-' || c == '+';
}

static gn_status read_word(reader *r, const char **out) {
    skip_blanks(r);
    const char *start = r->p;
    while (r->p < r->end && is_word(*r->p)) r->p++;
    if (r->p == start) return bad(r, "expected a field's name or a value");
    *out = gn_arena_text(r->arena, start, (size_t)(r->p - start));
    return *out ? GN_OK : gn_fail_nomem(r->err, r->name, (size_t)(r->p - start));
}

static void add_escape(reader *r, gn_str *s) {
    static const char from[] = "nrtabfv", to[] = "\n\r\t\a\b\f\v";
    char c = *r->p++;
    const char *known = c ? strchr(from, c) : NULL;
    if (known) {
        c = to[known - from];
    } else if (c >= '0' && c <= '7') {
        int code = c - '0';
        for (int i = 0; i < 2 && r->p < r->end && *r->p >= '0' && *r->p <= '7'; i++)
            code = code * 8 + (*r->p++ - '0');
        c = (char)code;
    } else if (c == 'x' || c == 'X') {
        int code = 0;
        for (int i = 0; i < 2 && r->p < r->end; i++, r->p++) {
            const char *hex = "0123456789abcdef", *at = *r->p ? strchr(hex, *r->p | 0x20) : NULL;
            if (!at) break;
            code = code * 16 + (int)(at - hex);
        }
        c = (char)code;
    }
    gn_str_add_bytes(s, &c, 1);
}

/* One string or several in a row, which count as one. */
static gn_status read_string(reader *r, const char **out) {
    gn_status st = GN_OK;
    gn_str s = {0};
    gn_str_add(&s, "");
    while (st == GN_OK && peek(r, "\"'")) {
        char quote = *r->p++;
        while (r->p < r->end && *r->p != quote && *r->p != '\n') {
            char c = *r->p++;
            if (c == '\\' && r->p < r->end)
                add_escape(r, &s);
            else
                gn_str_add_bytes(&s, &c, 1);
        }
        if (r->p == r->end || *r->p != quote)
            st = bad(r, "a string does not end on its line");
        else
            r->p++;
    }
    if (st == GN_OK && s.n && memchr(s.text, '\0', s.n)) st = bad(r, "a string holds a zero byte");
    if (st == GN_OK) {
        *out = s.bad ? NULL : gn_arena_text(r->arena, s.text ? s.text : "", s.n);
        if (!*out) st = gn_fail_nomem(r->err, r->name, s.n);
    }
    gn_str_free(&s);
    return st;
}

static gn_status read_value(reader *r, value *out) {
    *out = (value){0};
    if (peek(r, "{<")) {
        *out = (value){.message = true, .closer = *r->p++ == '{' ? '}' : '>'};
        return GN_OK;
    }
    return peek(r, "\"'") ? read_string(r, &out->text) : read_word(r, &out->text);
}

/* What a message does with its fields. Messages that `field` does not enter are passed over. */
typedef gn_status (*field_fn)(reader *r, const char *name, const value *v, int depth, void *user);

static gn_status read_message(reader *r, char closer, int depth, field_fn field, void *user);

static gn_status pass_over(reader *r, const char *name, const value *v, int depth, void *user) {
    (void)name;
    return v->message ? read_message(r, v->closer, depth, pass_over, user) : GN_OK;
}

static gn_status read_field(reader *r, int depth, field_fn field, void *user) {
    const char *name;
    value v;
    gn_status st = read_word(r, &name);
    if (st != GN_OK) return st;
    bool colon = peek(r, ":");
    r->p += colon;
    if (peek(r, "[")) {
        r->p++;
        for (bool more = !peek(r, "]"); st == GN_OK && more;) {
            st = read_value(r, &v);
            if (st == GN_OK) st = field(r, name, &v, depth + 1, user);
            more = peek(r, ",");
            r->p += more;
        }
        if (st != GN_OK) return st;
        if (!peek(r, "]")) return bad(r, "a list does not end in ']'");
        r->p++;
    } else {
        if (!colon && !peek(r, "{<")) return bad(r, "expected ':' behind a field's name");
        st = read_value(r, &v);
        if (st == GN_OK) st = field(r, name, &v, depth + 1, user);
        if (st != GN_OK) return st;
    }
    if (peek(r, ",;")) r->p++;
    return GN_OK;
}

/* Fields up to the closing bracket; closer 0: up to the end of the file. */
static gn_status read_message(reader *r, char closer, int depth, field_fn field, void *user) {
    if (depth > DEEPEST) return bad(r, "messages are nested too deeply");
    for (;;) {
        skip_blanks(r);
        if (r->p == r->end) {
            if (!closer) return GN_OK;
            return bad(r, "the file ends inside a message");
        }
        if (closer && *r->p == closer) {
            r->p++;
            return GN_OK;
        }
        gn_status st = read_field(r, depth, field, user);
        if (st != GN_OK) return st;
    }
}

/* ---- what the fields mean --------------------------------------------------------------- */

typedef struct entry {
    gn_projector_tensor t;
    size_t n_shape, n_sprite;
    const char *tensor, *metadata, *bookmarks, *sprite; /* as written */
} entry;

typedef struct config {
    gn_projector *made;
    size_t room;
    const char *checkpoint;
} config;

static gn_status read_size(reader *r, const value *v, size_t *out) {
    char *end;
    unsigned long long size = v->text ? strtoull(v->text, &end, 10) : 0;
    if (!v->text || *end || end == v->text || v->text[0] == '-' || size > UINT32_MAX)
        return bad(r, "a size must be a whole number");
    *out = (size_t)size;
    return GN_OK;
}

static gn_status sprite_field(reader *r, const char *name, const value *v, int depth, void *user) {
    entry *e = user;
    if (strcmp(name, "image_path") == 0 && !v->message) {
        e->sprite = v->text;
        return GN_OK;
    }
    if (strcmp(name, "single_image_dim") == 0 && e->n_sprite < 2)
        return read_size(r, v, e->n_sprite++ ? &e->t.sprite_height : &e->t.sprite_width);
    return pass_over(r, name, v, depth, NULL);
}

static gn_status tensor_field(reader *r, const char *name, const value *v, int depth, void *user) {
    entry *e = user;
    if (v->message)
        return read_message(r, v->closer, depth,
                            strcmp(name, "sprite") == 0 ? sprite_field : pass_over, e);
    if (strcmp(name, "tensor_shape") == 0 && e->n_shape < 2)
        return read_size(r, v, &e->t.shape[e->n_shape++]);
    const struct {
        const char *name, **to;
    } texts[] = {{"tensor_name", &e->t.name},
                 {"tensor_path", &e->tensor},
                 {"metadata_path", &e->metadata},
                 {"bookmarks_path", &e->bookmarks}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (strcmp(name, texts[i].name) == 0) *texts[i].to = v->text;
    return GN_OK;
}

/* The file that a path means, when it lies in the folder; else a sentence in *why. */
static gn_status resolve(reader *r, const char *path, const char *what, const char **out,
                         const char **why) {
    if (!path || !*path) return GN_OK;
    gn_str s = {0};
    gn_status st = GN_OK;
    char *joined = gn_path_join(r->folder, path);
    char *folder = realpath(r->folder, NULL), *file = joined ? realpath(joined, NULL) : NULL;
    bool inside = file && folder && gn_path_is_inside(folder, file);
    if (inside && gn_path_is_regular(file)) {
        *out = gn_arena_text(r->arena, file, strlen(file));
        if (!*out) st = gn_fail_nomem(r->err, what, 0);
    } else if (!*why) { /* the first is told: a tensor's description before its pictures */
        gn_str_addf(&s, "%s '%s' %s", what, path,
                    !file    ? "does not exist"
                    : inside ? "is not a file"
                             : "leads out of the folder");
        *why = s.bad ? NULL : gn_arena_text(r->arena, s.text, s.n);
        if (!*why) st = gn_fail_nomem(r->err, what, s.n);
    }
    gn_str_free(&s);
    gn_free(joined);
    free(folder);
    free(file);
    return st;
}

static gn_status add_tensor(reader *r, config *c, const entry *e) {
    gn_projector *made = c->made;
    if (made->n == MOST_TENSORS) return bad(r, "more than 10,000 tensors");
    if (made->n == c->room) {
        size_t room = c->room ? 2 * c->room : 8;
        void *grown = gn_realloc(made->tensor, room, sizeof *made->tensor);
        if (!grown) return gn_fail_nomem(r->err, r->name, room * sizeof *made->tensor);
        made->tensor = grown;
        c->room = room;
    }
    made->tensor[made->n++] = e->t;
    return GN_OK;
}

static gn_status config_field(reader *r, const char *name, const value *v, int depth, void *user) {
    config *c = user;
    if (v->message && strcmp(name, "embeddings") == 0) {
        entry e = {0};
        gn_projector_tensor *t = &e.t;
        gn_status st = read_message(r, v->closer, depth, tensor_field, &e);
        if (st == GN_OK) st = resolve(r, e.tensor, "tensor_path", &t->tensor, &t->problem);
        if (st == GN_OK) st = resolve(r, e.metadata, "metadata_path", &t->metadata, &t->note);
        if (st == GN_OK) st = resolve(r, e.bookmarks, "bookmarks_path", &t->bookmarks, &t->note);
        if (st == GN_OK) st = resolve(r, e.sprite, "image_path", &t->sprite, &t->note);
        if (!t->name) t->name = e.tensor ? e.tensor : "tensor";
        if (!e.tensor)
            t->problem =
                "only in a TensorFlow checkpoint, which is not read: write the tensor to a "
                "file and give its tensor_path";
        return st == GN_OK ? add_tensor(r, c, &e) : st;
    }
    if (strcmp(name, "model_checkpoint_path") == 0) c->checkpoint = v->text;
    return pass_over(r, name, v, depth, NULL);
}

gn_status gn_projector_parse(const char *text, size_t n, const char *folder, const char *name,
                             gn_projector *out, gn_error *err) {
    gn_projector made = {0};
    config c = {.made = &made};
    reader r = {name, folder, text, text + n, 1, &made.arena, err};
    gn_status st = read_message(&r, '\0', 0, config_field, &c);
    if (st == GN_OK && c.checkpoint && made.n == 0) {
        entry e = {.t = {.name = c.checkpoint,
                         .problem = "a TensorFlow checkpoint, which is not read: write its tensors "
                                    "to files and list them as embeddings"}};
        st = add_tensor(&r, &c, &e);
    }
    if (st != GN_OK) {
        gn_projector_free(&made);
        return st;
    }
    *out = made;
    return GN_OK;
}

gn_status gn_projector_open(const char *path, gn_projector *out, gn_error *err) {
    char *text = NULL, *folder = gn_path_dir(path);
    size_t n = 0;
    gn_status st = folder ? gn_read_file(path, LARGEST, &text, &n, err)
                          : gn_fail_nomem(err, path, strlen(path));
    if (st == GN_OK) st = gn_projector_parse(text, n, folder, path, out, err);
    gn_free(text);
    gn_free(folder);
    return st;
}

void gn_projector_free(gn_projector *p) {
    gn_free(p->tensor);
    gn_arena_free(&p->arena);
    *p = (gn_projector){0};
}
