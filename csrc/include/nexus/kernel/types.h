/* The names of integers where the language is C++. Include <nexus/kernel.h>, not this file. */
#ifndef NEXUS_KERNEL_TYPES_H
#define NEXUS_KERNEL_TYPES_H

typedef signed char nxs_int8;
typedef unsigned char nxs_uint8;
typedef short nxs_int16;
typedef unsigned short nxs_uint16;
typedef int nxs_int32;
typedef unsigned int nxs_uint32;
typedef long long nxs_int64;
typedef unsigned long long nxs_uint64;

#endif
