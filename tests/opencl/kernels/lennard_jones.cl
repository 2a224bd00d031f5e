// The force on each atom by its neighbours nearer than the cutoff.

// neighbours: of all atoms the first one, of all atoms the second one, ...
kernel void forces(global const float4 *positions, global const int *neighbours,
                   global float4 *result, int n_atoms, int n_neighbours, float cutoff2,
                   float2 strength) {
  const int atom = get_global_id(0);
  if (atom >= n_atoms) return;
  const float3 here = positions[atom].xyz;
  float3 force = (float3)(0.0f);
  for (int n = 0; n < n_neighbours; ++n) {
    const float3 apart = here - positions[neighbours[n * n_atoms + atom]].xyz;
    const float distance2 = dot(apart, apart);
    if (distance2 >= cutoff2) continue;
    const float inverse2 = 1 / distance2, inverse6 = inverse2 * inverse2 * inverse2;
    force += apart * (inverse2 * inverse6 * (strength.x * inverse6 - strength.y));
  }
  result[atom] = (float4)(force, 0.0f);
}
