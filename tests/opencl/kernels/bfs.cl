// Search in breadth through a graph: one level a launch; nodes may be reached by several at once.

// edges[first[node]] to edges[first[node + 1] - 1] are where the edges of a node lead.
kernel void expand(global const int *first, global const int *edges, global const uchar *frontier,
                   global const uchar *is_seen, global uchar *is_reached, int n_nodes) {
  const int node = get_global_id(0);
  if (node >= n_nodes || !frontier[node]) return;
  for (int edge = first[node]; edge < first[node + 1]; ++edge)
    if (!is_seen[edges[edge]]) is_reached[edges[edge]] = 1;
}

kernel void settle(global uchar *frontier, global uchar *is_seen, global uchar *is_reached,
                   global int *level, global int *goes_on, int depth, int n_nodes) {
  const int node = get_global_id(0);
  if (node >= n_nodes) return;
  const uchar is_new = is_reached[node];
  frontier[node] = is_new;
  if (!is_new) return;
  is_seen[node] = 1;
  is_reached[node] = 0;
  level[node] = depth;
  goes_on[0] = 1;
}
