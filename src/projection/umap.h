/* The curve that UMAP's distances on the map are compared with. */
#ifndef GN_PROJECTION_UMAP_H
#define GN_PROJECTION_UMAP_H

/** a and b of 1 / (1 + a x^(2 b)) nearest to 1 up to min_dist and exp(-(x - min_dist) / spread)
 * after, by least squares on 300 points of [0, 3 spread]. */
void gn_umap_curve(double min_dist, double spread, double *a, double *b);

#endif
