// The potential of charges nearer than a cutoff, at each point of a lattice in three dimensions.

// Groups read the atoms together, as many at a time as they have items; atoms: place and charge.
kernel void coulomb(global const float4 *atoms, int n_atoms, global float *potential, int3 lattice,
                    float spacing, float cutoff2, local float4 *kept) {
  const int n_items = get_local_size(0) * get_local_size(1) * get_local_size(2);
  const int item = (get_local_id(2) * get_local_size(1) + get_local_id(1)) * get_local_size(0) +
                   get_local_id(0);
  const int3 at = (int3)(get_global_id(0), get_global_id(1), get_global_id(2));
  const float3 here = convert_float3(at) * spacing;
  float sum = 0;
  for (int first = 0; first < n_atoms; first += n_items) {
    barrier(CLK_LOCAL_MEM_FENCE);
    if (first + item < n_atoms) kept[item] = atoms[first + item];
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int i = 0; i < n_items && first + i < n_atoms; ++i) {
      const float3 apart = kept[i].xyz - here;
      const float distance2 = dot(apart, apart), fade = 1 - distance2 / cutoff2;
      if (fade > 0) sum += kept[i].w * rsqrt(distance2) * fade * fade;
    }
  }
  if (all(at < lattice)) potential[(at.z * lattice.y + at.y) * lattice.x + at.x] = sum;
}
