// Gives each point to the nearest centre and counts, for each group, the points that changed hands.

// features: of all points the first one, of all points the second one, ...
kernel void assign(global const float *features, constant float *centres, global int *owner,
                   global int *n_changed, int n_points, int n_features, int n_centres) {
  local int changed;
  if (get_local_id(0) == 0) changed = 0;
  barrier(CLK_LOCAL_MEM_FENCE);
  const int point = get_global_id(0);
  if (point < n_points) {
    int nearest = -1;
    float least = INFINITY;
    for (int centre = 0; centre < n_centres; ++centre) {
      float distance = 0;
      for (int f = 0; f < n_features; ++f) {
        const float d = features[f * n_points + point] - centres[centre * n_features + f];
        distance += d * d;
      }
      if (distance < least) {
        least = distance;
        nearest = centre;
      }
    }
    if (owner[point] != nearest) atomic_inc(&changed);
    owner[point] = nearest;
  }
  barrier(CLK_LOCAL_MEM_FENCE);
  if (get_local_id(0) == 0) atomic_add(n_changed, changed);
}
