/* TensorBoard's bookmarks: what they say, whose rows they mean, and files that lie.
 *
 * The form is that of the class State of TensorBoard's vz_projector/data.ts, which it writes and
 * reads as JSON: `projections` has an object a point with the keys pca-0 ... pca-9, tsne-0 ...,
 * umap-0
 * ..., linear-x, linear-y; selectedProjection is pca, tsne, umap or custom. With a filter the
 * dimensions are the filter's, and points are counted in it. */
#include "tap.h"

#include "io/bookmarks.h"

static gn_error err;

static gn_status parse(const char *text, size_t rows, size_t cols, gn_bookmarks *out) {
    return gn_bookmarks_parse(text, strlen(text), rows, cols, "b.json", out, &err);
}

static const char whole[] =
    " [ {\"label\":\"State "
    "\\u00e9\",\"isSelected\":false,\"tSNEIteration\":812,\"tSNEPerplexity\":8,"
    "\"tSNELearningRate\":10,\"tSNEis3d\":false,\"umapIs3d\":true,\"umapNeighbors\":15,"
    "\"pcaComponentDimensions\":[2,0],\"customXLeftText\":\"a ] } \\\" b\","
    "\"projections\":[{\"pca-0\":0.10000000149011612,\"pca-1\":9,\"pca-2\":-1e-3,\"tsne-0\":1,"
    "\"tsne-1\":-2.5,\"tsne-2\":7},\n{\"pca-0\":1,\"pca-1\":9,\"pca-2\":3,\"linear-x\":4,"
    "\"linear-y\":5},{\"tsne-0\":3,\"tsne-1\":4,\"umap-0\":null,\"umap-1\":1}],"
    "\"selectedPoints\":[2,0],\"selectedProjection\":\"tsne\",\"dataSetDimensions\":[3,5],"
    "\"cameraDef\":{\"orthographic\":true,\"position\":[0,0,10],\"zoom\":[[1]]},"
    "\"selectedColorOptionName\":\"sense\",\"selectedLabelOption\":\"word\"} ]\n";

TEST(a_bookmark_is_its_layouts) {
    gn_bookmarks b = {0};
    OK(parse(whole, 3, 5, &b));
    REQUIRE(b.n == 1 && !b.note);
    const gn_bookmark *s = b.bookmark;
    CHECK_STR(s->name, "State \xc3\xa9");
    CHECK_STR(s->color, "sense");
    CHECK_STR(s->label, "word");
    CHECK(s->iteration == 812 && s->perplexity == 8 && s->neighbors == 15 && !s->filter);
    CHECK(s->n_selection == 2 && s->selection[0] == 2 && s->selection[1] == 0);
    REQUIRE(s->n_layouts == 3); /* no row has all coordinates of UMAP */
    const gn_bookmark_layout *pca = &s->layout[0], *tsne = &s->layout[1], *own = &s->layout[2];
    CHECK(pca->kind == GN_BOOKMARK_PCA && pca->dim == 2 && pca->placed == 2);
    CHECK(pca->component[0] == 2 && pca->component[1] == 0);
    CHECK(pca->at[0] == -1e-3f && pca->at[1] == 0.1f && pca->at[2] == 3 && pca->at[3] == 1);
    CHECK(isnan(pca->at[4]) && isnan(pca->at[5]));
    CHECK(tsne->kind == GN_BOOKMARK_TSNE && tsne->dim == 2 && tsne->placed == 2 && s->shown == 1);
    CHECK(tsne->at[0] == 1 && tsne->at[1] == -2.5f && isnan(tsne->at[2]) && tsne->at[5] == 4);
    CHECK(own->kind == GN_BOOKMARK_CUSTOM && own->placed == 1 && own->at[2] == 4 &&
          own->at[3] == 5);
    gn_bookmarks_free(&b);
}

TEST(three_dimensions_need_three_coordinates) {
    gn_bookmarks b = {0};
    OK(parse("[{\"dataSetDimensions\":[2,1],\"tSNEis3d\":true,\"projections\":["
             "{\"tsne-0\":1,\"tsne-1\":2,\"umap-0\":1,\"umap-1\":2,\"umap-2\":3},"
             "{\"tsne-0\":4,\"tsne-1\":5,\"umap-0\":4,\"umap-1\":1e300,\"umap-2\":0}]}]",
             2, 1, &b));
    REQUIRE(b.n == 1 && b.bookmark->n_layouts == 2);
    CHECK_STR(b.bookmark->name, "bookmark 0");
    const gn_bookmark_layout *tsne = b.bookmark->layout, *umap = tsne + 1;
    CHECK(tsne->dim == 2 && tsne->placed == 2 && tsne->at[3] == 5);
    CHECK(umap->dim == 3 && umap->placed == 1 && umap->at[2] == 3 && isnan(umap->at[3]));
    CHECK(b.bookmark->shown == -1);
    gn_bookmarks_free(&b);
}

TEST(points_of_a_filter_are_its_rows) {
    gn_bookmarks b = {0};
    OK(parse("[{\"label\":\"f\",\"dataSetDimensions\":[2,4],\"filteredPoints\":[5,1],"
             "\"selectedPoints\":[1],\"pcaComponentDimensions\":[0,1],\"projections\":"
             "[{\"pca-0\":1,\"pca-1\":2},{\"pca-0\":3,\"pca-1\":4}]}]",
             6, 4, &b));
    REQUIRE(b.n == 1 && b.bookmark->n_layouts == 1 && b.bookmark->n_filter == 2);
    const gn_bookmark *s = b.bookmark;
    CHECK(s->filter[0] == 5 && s->filter[1] == 1 && s->n_selection == 1 && s->selection[0] == 1);
    CHECK(s->layout->placed == 2 && s->layout->at[10] == 1 && s->layout->at[3] == 4);
    CHECK(isnan(s->layout->at[0]));
    gn_bookmarks_free(&b);
}

TEST(bookmarks_of_another_shape_are_passed_over) {
    gn_bookmarks b = {0};
    OK(parse("[{\"label\":\"old\",\"dataSetDimensions\":[9,5],\"projections\":[]},"
             "{\"label\":\"good\",\"dataSetDimensions\":[1,5],\"filteredPoints\":[],"
             "\"projections\":[{\"umap-0\":1,\"umap-1\":1}]},"
             "{\"label\":\"wide\",\"dataSetDimensions\":[1,6],\"projections\":[{}]}]",
             1, 5, &b));
    REQUIRE(b.n == 1);
    CHECK_STR(b.bookmark->name, "good");
    CHECK_STR(b.note, "'old' is a bookmark of 9 x 5 vectors, these are 1 x 5: it is passed over");
    gn_bookmarks_free(&b);
    OK(parse("[]", 1, 1, &b));
    CHECK(b.n == 0 && !b.note);
}

/* TensorBoard loads 100,000 rows; bookmarks of a larger tensor are of these. */
TEST(a_large_tensor_is_bookmarked_to_its_limit) {
    enum { ROWS = GN_BOOKMARK_MOST_POINTS + 7 };
    char *text = malloc((size_t)ROWS * 40 + 200), *p = text;
    gn_bookmarks b = {0};
    REQUIRE(text);
    p += sprintf(p, "[{\"dataSetDimensions\":[%d,2],\"projections\":[", GN_BOOKMARK_MOST_POINTS);
    for (int i = 0; i < GN_BOOKMARK_MOST_POINTS; i++)
        p += sprintf(p, "%s{\"umap-0\":%d,\"umap-1\":1}", i ? "," : "", i);
    strcpy(p, "]}]");
    CHECK(parse(text, ROWS, 2, &b) == GN_OK);
    REQUIRE(b.n == 1 && b.bookmark->n_layouts == 1);
    CHECK(b.bookmark->layout->placed == GN_BOOKMARK_MOST_POINTS);
    CHECK(b.bookmark->layout->at[2 * 4711] == 4711);
    CHECK(isnan(b.bookmark->layout->at[2 * GN_BOOKMARK_MOST_POINTS]));
    gn_bookmarks_free(&b);
    CHECK(parse(text, GN_BOOKMARK_MOST_POINTS - 1, 2, &b) == GN_OK);
    CHECK(b.n == 0 && b.note);
    gn_bookmarks_free(&b);
    free(text);
}

#define HEAD "[{\"dataSetDimensions\":[2,2],"

TEST(files_that_lie_are_told_where) {
    static const char *const cases[][2] = {
        {"", "b.json: byte 0: expected bookmarks: an array"},
        {"{}", "b.json: byte 0: expected bookmarks: an array"},
        {"[1]", "b.json: byte 1: expected a bookmark: an object"},
        {"[{}]", "b.json: bookmark 0: 'dataSetDimensions': expected an array of two whole numbers"},
        {HEAD "\"projections\":[{}]}]",
         "b.json: bookmark 0: 'projections' has 1 points, expected 2"},
        {HEAD "\"projections\":[]}", "b.json: byte 45: expected ',' or ']'"},
        {HEAD "\"projections\":[{},{},{}]}]",
         "b.json: bookmark 0: 'projections' has more than 2 points, expected 2"},
        {HEAD "\"projections\":[1,2]}]", "b.json: byte 43: expected a point: an object"},
        {HEAD "\"projections\":{}}]",
         "b.json: byte 42: 'projections': expected an array of points"},
        {HEAD "\"projections\":[],\"projections\":[]}]",
         "b.json: bookmark 0: 'projections' is there twice"},
        {HEAD "\"projections\":[{\"tsne-0\":\"1\"},{}]}]",
         "b.json: bookmark 0: 'tsne-0' of row 0 is a string, expected a number"},
        {HEAD "\"selectedPoints\":[2]}]",
         "b.json: bookmark 0: 'selectedPoints': item 0: expected a point from 0 to 1, once"},
        {HEAD "\"selectedPoints\":[1,1]}]",
         "b.json: bookmark 0: 'selectedPoints': item 1: expected a point from 0 to 1, once"},
        {HEAD "\"selectedPoints\":7}]",
         "b.json: bookmark 0: 'selectedPoints' is an integer, expected an array"},
        {HEAD "\"filteredPoints\":[0,2]}]",
         "b.json: bookmark 0: 'filteredPoints': item 1: expected a point from 0 to 1, once"},
        {HEAD "\"pcaComponentDimensions\":[0,-1]}]",
         "b.json: bookmark 0: 'pcaComponentDimensions': expected two or three whole numbers"},
        {HEAD "\"label\":\"x", "b.json: byte 38: the file ends inside a string"},
        {HEAD "\"x\":[[[", "b.json: byte 35: the file ends inside a bookmark"},
        {"[] x", "b.json: byte 3: there is more behind the last bookmark"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        gn_bookmarks b = {0};
        CHECK(parse(cases[i][0], 2, 2, &b) == GN_EDATA);
        CHECK_STR(err.message, cases[i][1]);
        CHECK(b.n == 0 && !b.bookmark && !b.note);
    }
    gn_bookmarks b = {0};
    CHECK(parse(HEAD "\"label\":\"a\",\"label\":\"b\"}]", 2, 2, &b) == GN_EDATA);
    CHECK_CONTAINS(err.message, "b.json: bookmark 0 without its points");
    char deep[400];
    memset(deep, '[', sizeof deep);
    memcpy(deep, "[{\"x\":", 6);
    CHECK(gn_bookmarks_parse(deep, sizeof deep, 2, 2, "b.json", &b, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "nested too deeply");
    char *long_list = malloc(1 << 20);
    REQUIRE(long_list);
    size_t n = (size_t)sprintf(long_list, HEAD "\"selectedPoints\":[0");
    while (n < 200000) n += (size_t)sprintf(long_list + n, ",0");
    sprintf(long_list + n, "]}]");
    CHECK(parse(long_list, 2, 2, &b) == GN_EDATA);
    CHECK_CONTAINS(err.message, "its lists are longer");
    free(long_list);
    CHECK(gn_bookmarks_open("/nonexistent/b.json", 2, 2, &b, &err) == GN_EIO);
}

int main(void) {
    RUN(a_bookmark_is_its_layouts);
    RUN(three_dimensions_need_three_coordinates);
    RUN(points_of_a_filter_are_its_rows);
    RUN(bookmarks_of_another_shape_are_passed_over);
    RUN(a_large_tensor_is_bookmarked_to_its_limit);
    RUN(files_that_lie_are_told_where);
    return tap_done();
}
