// Put before a kernel that is checked as Metal code by plain clang, to which two things are foreign
// that are plain to Metal: an array with an address space in a function must be static, and a
// struct is not copied out of one.
#include <nexus/kernel.h>

#undef NXS_SHARED
#define NXS_SHARED(T, name, dims) threadgroup static T name dims

template <class T>
T copy_of(constant T &);
#undef NXS_NAME_val
#define NXS_NAME_val(T, name) copy_of<T>(name)
