/* What the report says about each measure. Kept apart from the code that draws. */
#ifndef GN_REPORT_CHART_TEXTS_H
#define GN_REPORT_CHART_TEXTS_H

#include "report/charts.h"

enum {
    CHART_ID,
    CHART_GRIDE,
    CHART_COSINES,
    CHART_NORMS,
    CHART_PR,
    CHART_SHARES,
    CHART_POSITION,
    CHART_SPECTRUM,
    CHART_LID,
    CHART_PREVIOUS,
    CHART_OVERLAPS,
    CHART_IMBALANCE,
    CHART_IMBALANCES,
    CHART_LABEL,
    CHART_KSTAR,
    CHART_KMEANS,
    CHART_CLUSTERS,
    CHART_AGREEMENT
};

static const gn_chart_text chart_texts[GN_CHARTS_MAX] = {
    [CHART_ID] =
        {"intrinsic_dimension", "Intrinsic dimension",
         "Two estimates of the number of dimensions that each layer’s points really use: TwoNN on "
         "the smallest 90 % of the distance ratios, and Gride at one scale for all layers, where their "
         "curves are flattest on average. Bands: 95 % (±1.96 standard errors), asymptotic; where none shows, "
         "it is narrower than the line.",
         "Far below the width of the layer is usual. A profile that rises to a peak and falls to a "
         "low plateau or minimum suggests taking representations from that minimum. Above about 20 "
         "dimensions both estimates are lower bounds: neighbours are too sparse.",
         "<i>μ<sub>i</sub></i> = <i>r</i><sub>2</sub>(<i>i</i>) / <i>r</i><sub>1</sub>(<i>i</i>), "
         "&ensp; <i>F</i>(<i>μ</i>) = 1 − <i>μ</i><sup>−<i>D</i></sup>; &ensp; <i>D</i> is the "
         "slope "
         "through the origin of −ln(1 − <i>i</i>/<i>N</i>) on ln <i>μ</i><sub>(<i>i</i>)</sub>",
         "TwoNN: Facco, d’Errico, Rodriguez &amp; Laio, <cite>Scientific Reports</cite> 7:12140 "
         "(2017). Choice of the layer: Valeriani et al., <cite>NeurIPS</cite> 2023."},
    [CHART_GRIDE] =
        {"gride_curve", "Intrinsic dimension against scale",
         "Gride estimates from the distances to neighbours of rank <i>n</i><sub>1</sub> = "
         "<i>n</i><sub>2</sub>/2 and <i>n</i><sub>2</sub>, a line a layer, early layers dark. "
         "Bands: 95 % (±1.96 standard errors).",
         "A flat stretch is a range of scales on which “the” dimension exists. A fall from the "
         "left "
         "end shows noise or near-duplicates at small scale; a steady fall shows curvature or "
         "density that varies.",
         "<i>μ</i> = <i>r</i><sub><i>n</i>2</sub> / <i>r</i><sub><i>n</i>1</sub>, &ensp; "
         "<i>f</i>(<i>μ</i>|<i>D</i>) = <i>D</i> (<i>μ<sup>D</sup></i> − "
         "1)<sup><i>n</i>2−<i>n</i>1−1"
         "</sup> / [B(<i>n</i><sub>2</sub> − <i>n</i><sub>1</sub>, <i>n</i><sub>1</sub>) "
         "<i>μ</i><sup>(<i>n</i>2−1)<i>D</i>+1</sup>], maximised over <i>D</i>",
         "Denti, Doimo, Laio &amp; Mira, <cite>Scientific Reports</cite> 12:20005 (2022)."},
    [CHART_COSINES] =
        {"cosines", "Cosines between and within types",
         "Mean cosine between vectors of different types (inter) and within one type (intra), raw "
         "and after subtracting the mean of all rows (centred). Bands: 95 % (±1.96 standard "
         "errors, "
         "jackknife over sequences).",
         "Inter near 0: directions are spread evenly. Inter near 1: all vectors lie in a narrow "
         "cone; if centring removes it, the cone was one common offset. Intra falls as context "
         "changes the meaning of a type.",
         "inter = (|Σ<sub><i>t</i></sub> <i>a<sub>t</sub></i>|² − Σ<sub><i>t</i></sub> "
         "|<i>a<sub>t</sub></i>|²) / (<i>V</i>(<i>V</i> − 1)), &ensp; <i>a<sub>t</sub></i> the "
         "mean "
         "unit vector of type <i>t</i>, <i>V</i> the number of types",
         "Cai, Huang, Bian &amp; Church, <cite>ICLR</cite> 2021; Ethayarajh, <cite>EMNLP</cite> "
         "2019."},
    [CHART_NORMS] =
        {"norms", "Length of the vectors",
         "Mean length with a band of one standard deviation over rows (spread, not an error bar), "
         "the median, and the length of the mean vector.",
         "A mean far above the median means that a few rows, often first positions or separators, "
         "are very long. The closer the mean vector’s length comes to the mean length, the more "
         "all "
         "rows share one offset.",
         "|<i>x</i>| = (Σ<sub><i>j</i></sub> <i>x<sub>j</sub></i>²)<sup>1/2</sup>; &ensp; mean "
         "vector: |(1/<i>N</i>) Σ<sub><i>i</i></sub> <i>x<sub>i</sub></i>|",
         "Descriptive; compare Ethayarajh, <cite>EMNLP</cite> 2019."},
    [CHART_PR] =
        {"participation_ratio", "Linear dimension",
         "Participation ratio and effective rank of the covariance matrix, and the number of "
         "principal "
         "axes that hold 80 % of its variance. Band: 95 % (±1.96 "
         "standard errors) of the participation ratio.",
         "How many orthogonal directions carry the variance: 1 for a line, the width for a round "
         "cloud. Much larger than the intrinsic dimension means a curved manifold.",
         "PR = (tr <i>C</i>)² / tr <i>C</i>², &ensp; erank = exp(−Σ<sub><i>j</i></sub> "
         "<i>p<sub>j</sub></i> ln <i>p<sub>j</sub></i>), &ensp; <i>p<sub>j</sub></i> = "
         "<i>σ<sub>j</sub></i> / Σ <i>σ</i>, &ensp; IsoScore = (PR − 1)/(<i>d</i> − 1)",
         "Gao et al., bioRxiv 214262 (2017); Roy &amp; Vetterli, <cite>EUSIPCO</cite> 2007; Rudman "
         "et al., <cite>Findings of ACL</cite> 2022."},
    [CHART_PREVIOUS] =
        {"overlap_previous_layer", "Neighbours kept from layer to layer",
         "Share of each point’s nearest neighbours that were its neighbours in the previous stored "
         "layer, too. Band: 95 % (±1.96 standard errors over points).",
         "1: the layer leaves neighbourhoods as they are. A dip marks a layer that rearranges what "
         "is near what.",
         "<i>χ<sub>k</sub></i>(<i>A</i>, <i>B</i>) = (1/<i>N</i>) Σ<sub><i>i</i></sub> "
         "|kNN<sub><i>A</i></sub>(<i>i</i>) ∩ kNN<sub><i>B</i></sub>(<i>i</i>)| / <i>k</i>",
         "Doimo, Glielmo, Ansuini &amp; Laio, <cite>NeurIPS</cite> 2020, eq. 1."},
    [CHART_OVERLAPS] =
        {"overlap_layers", "Neighbours that two layers share",
         "The same share for every pair of layers. Each layer shares all of them with itself.",
         "Blocks of bright cells are stages: layers that agree on what is near what. A dark step "
         "between two blocks is where the representation is rearranged. A bright cell far from the "
         "diagonal is a layer that returns to an earlier order.",
         "<i>χ<sub>k</sub></i>(<i>A</i>, <i>B</i>) as above; chance is <i>k</i>/(<i>N</i> − 1)",
         "Doimo et al., <cite>NeurIPS</cite> 2020; Valeriani et al., <cite>NeurIPS</cite> 2023."},
    [CHART_IMBALANCE] =
        {"imbalance_previous_layer", "Does a layer lose or gain?",
         "Information imbalance from the previous stored layer to each layer, and back: how far "
         "down "
         "the list of the second layer a point’s nearest neighbour in the first one stands. Exact "
         "ranks, on the seeded sample of rows that the conditions name. Bands: 95 % (±1.96 "
         "standard "
         "errors over points).",
         "0: what is nearest in the first is nearest in the second, too. 1: unrelated. Where the "
         "way "
         "back to the previous layer is the higher line, the step has lost distinctions that the "
         "previous layer made; where it is the lower one, it has made new ones.",
         "Δ(<i>A</i>→<i>B</i>) = (2/<i>N</i>) · mean over <i>i</i> of "
         "rank<sub><i>B</i></sub>(<i>i</i>, nn<sub><i>A</i></sub>(<i>i</i>))",
         "Glielmo, Zeni, Cheng, Csányi &amp; Laio, <cite>PNAS Nexus</cite> 1:pgac039 (2022)."},
    [CHART_IMBALANCES] =
        {"imbalance_layers", "Which layer predicts which",
         "Information imbalance from the layer of the row to the layer of the column, for all "
         "pairs "
         "in both directions, as a logarithm: −3 is 0.001.",
         "Dark: nearness in the row’s layer predicts nearness in the column’s. Compare a cell with "
         "its mirror image across the diagonal: a layer whose row is darker than its column holds "
         "what the others hold, and more.",
         "log<sub>10</sub> Δ(<i>A</i>→<i>B</i>), Δ as above; least possible 2/<i>N</i>",
         "Glielmo et al., <cite>PNAS Nexus</cite> 1:pgac039 (2022)."},
    [CHART_LABEL] =
        {"label_overlap", "Neighbours with the same label",
         "Share of each point’s nearest neighbours that carry its label, averaged so that all "
         "classes weigh the same. Bands: 95 % (±1.96 standard errors over points within classes). "
         "Dashed: chance level.",
         "How strongly a layer groups points by that label without any training. Compare with the "
         "dashed line, not with 0; labels with more classes start lower.",
         "<i>o<sub>i</sub></i> = (1/<i>k</i>) Σ<sub><i>j</i>≤<i>k</i></sub> "
         "[<i>y</i><sub>nn<i>j</i>"
         "(<i>i</i>)</sub> = <i>y<sub>i</sub></i>], averaged with weights "
         "1/<i>n</i><sub>class(<i>i</i>)</sub>",
         "Doimo et al., <cite>NeurIPS</cite> 2020; Valeriani et al., <cite>NeurIPS</cite> 2023."},
    [CHART_SPECTRUM] =
        {"spectrum", "Spectrum of the covariance",
         "Eigenvalues of the covariance matrix in descending order, a line a layer, early layers "
         "dark.",
         "A straight line on these axes is a power law. A first value far above the rest is one "
         "dominant direction.",
         "<i>C</i> = (1/<i>N</i>) Σ<sub><i>i</i></sub> (<i>x<sub>i</sub></i> − <i>m</i>)"
         "(<i>x<sub>i</sub></i> − <i>m</i>)ᵀ, &ensp; <i>C v<sub>j</sub></i> = "
         "<i>λ<sub>j</sub> v<sub>j</sub></i>",
         "Textbook."},
    [CHART_KSTAR] =
        {"kstar", "How far the density is constant",
         "Mean number of neighbours <i>k</i>* around a point within which the density is constant "
         "by "
         "a likelihood-ratio test (<i>α</i> = 10<sup>−6</sup>), over distinct rows. Band: 95 % "
         "(±1.96 "
         "standard errors over points). Dashed: the stored neighbours end there, so a mean close "
         "to "
         "it is cut short.",
         "Up to rank <i>k</i>*, estimates that take the density as constant (TwoNN, Gride, plain "
         "densities) do what they say. A fall means that points gather in small knots: the density "
         "changes within a few neighbours.",
         "<i>k</i>* = smallest <i>m</i> with −2<i>m</i> [ln <i>V<sub>m</sub></i>(<i>i</i>) + ln "
         "<i>V<sub>m</sub></i>(<i>j</i>) − 2 ln(<i>V<sub>m</sub></i>(<i>i</i>) + "
         "<i>V<sub>m</sub></i>(<i>j</i>)) + ln 4] &gt; 23.93, &ensp; <i>j</i> the (<i>m</i> + "
         "1)-th "
         "neighbour of <i>i</i>, <i>V</i> the volume in TwoNN’s dimension",
         "Rodriguez, d’Errico, Facco &amp; Laio, <cite>J. Chem. Theory Comput.</cite> 14:1206 "
         "(2018)."},
    [CHART_CLUSTERS] =
        {"density_clusters", "Peaks of the density",
         "Peaks of the density over distinct rows, and those of them that stand out: higher than "
         "the "
         "saddle to any other by 1.65 times the sum of their errors. No error bars: the count is "
         "itself a result of a test.",
         "1 is one connected cloud. Many peaks are islands that the layer keeps apart: words, "
         "senses, "
         "positions. The share of points below a saddle, <code>halo_share</code> in the rows, says "
         "how much of "
         "the "
         "cloud lies between islands rather than on one.",
         "a peak <i>c</i> stays if ln <i>ρ<sub>c</sub></i> − ln <i>ρ</i><sub>saddle</sub> &gt; "
         "1.65 (<i>σ<sub>c</sub></i> + <i>σ</i><sub>saddle</sub>); &ensp; <i>ρ</i> from PAk over "
         "<i>k</i>* neighbours",
         "d’Errico, Facco, Laio &amp; Rodriguez, <cite>Information Sciences</cite> 560:476 "
         "(2021)."},
    [CHART_AGREEMENT] =
        {"cluster_agreement", "Do the peaks follow the labels?",
         "Adjusted Rand index between the clusters around the peaks and each label column, over "
         "all "
         "pairs of points. No error bars: neither partition is a draw.",
         "1: the same partition. 0: what unrelated ones would show. A label can rule the "
         "neighbourhoods, as the overlap above shows, and still form no islands: then it varies "
         "along "
         "one connected cloud.",
         "(pairs together in both − expected) / (½ (pairs together in either, added) − expected)",
         "Hubert &amp; Arabie, <cite>Journal of Classification</cite> 2:193 (1985)."},
    [CHART_SHARES] =
        {"isotropy_shares", "How much one direction holds",
         "IsoScore; the first principal axis’ share of the variance; and the largest share that a "
         "single coordinate has of the mean cosine between sequences. Band: 95 % (±1.96 standard "
         "errors) of IsoScore.",
         "IsoScore: 1 for a round cloud, 0 for a line. A first axis with most of the variance, or "
         "a "
         "coordinate with most of the cosine, a “rogue dimension”, means that similarity mostly "
         "measures that one: remove the mean or standardise coordinates before comparing vectors.",
         "(PR − 1)/(<i>d</i> − 1); &ensp; <i>λ</i><sub>1</sub> / Σ <i>λ</i>; &ensp; max over "
         "<i>j</i> of "
         "the mean of <i>u<sub>j</sub> v<sub>j</sub></i> / the mean of <i>u·v</i>, <i>u</i>, "
         "<i>v</i> "
         "unit vectors of two sequences",
         "Rudman et al., <cite>Findings of ACL</cite> 2022; Timkey &amp; van Schijndel, "
         "<cite>EMNLP</cite> 2021."},
    [CHART_POSITION] =
        {"position_zero", "What position 0 does",
         "Mean cosine between types, and the first principal axis’ share of the variance, of all "
         "rows "
         "and without the rows at position 0. Bands: 95 % (±1.96 standard errors, jackknife over "
         "sequences) of the cosines.",
         "Lines that part: a few vectors at the first position, often far longer than the rest, "
         "are "
         "what the measure of all rows shows. Trust the line without them, or extract without "
         "special "
         "tokens.",
         "as above, over the rows with position &gt; 0",
         "Cai, Huang, Bian &amp; Church, <cite>ICLR</cite> 2021."},
    [CHART_LID] = {"local_dimension", "Local dimension",
                   "Maximum-likelihood dimension around each point from all stored neighbours of "
                   "distinct rows: "
                   "mean over points, and harmonic mean, which points with a large value move "
                   "less. Bands: 95 % "
                   "(±1.96 standard errors over points; neighbourhoods overlap, so a lower bound).",
                   "A mean far above the harmonic one says that points differ: some lie on thin "
                   "sheets, some in "
                   "thick clouds. It looks at a larger scale than TwoNN does: where small scales "
                   "hold near-copies, "
                   "such as one word in like contexts, it is the larger of the two.",
                   "(<i>k</i> − 2) / Σ<sub><i>j</i></sub> ln(<i>r<sub>k</sub></i> / "
                   "<i>r<sub>j</sub></i>) at each "
                   "point, unbiased",
                   "Levina &amp; Bickel, <cite>NIPS</cite> 2004; MacKay &amp; Ghahramani 2005; "
                   "Amsaleg et al., "
                   "<cite>KDD</cite> 2015."},
    [CHART_KMEANS] =
        {"kmeans_clusters", "Are there a few large clusters?",
         "The number of k-means clusters, 2 to 10, with the best mean silhouette; and the number "
         "that "
         "means something: 1 where that silhouette is below 0.1, or no better than Gaussian clouds "
         "of "
         "the same covariance show. On the seeded sample of rows that the conditions name; no "
         "error "
         "bars: a choice among whole numbers.",
         "k-means always finds clusters; a single Gaussian cloud of five dimensions “has” six. "
         "Believe "
         "the lower line, and ask <code>gonio cluster</code> what the clusters are made of before "
         "you "
         "name them.",
         "silhouette of a point: (<i>b</i> − <i>a</i>)/max(<i>a</i>, <i>b</i>), <i>a</i> the mean "
         "distance within its cluster, <i>b</i> to the nearest other one",
         "Rousseeuw, <cite>J. Comput. Appl. Math.</cite> 20:53 (1987); Cai et al., "
         "<cite>ICLR</cite> "
         "2021."},
};

#endif
