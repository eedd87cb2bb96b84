// SPDX-License-Identifier: GPL-3.0-or-later
//
// Include from .cpp files of bwla_quant only.
#pragma once

#include <ATen/Context.h>

#include <string>

namespace bwla {

/// Products of float32 weights at 10 bits of mantissa while it lives: they are made anew each step,
/// and bfloat16 would round a row's scale the same way for all its weights. No effect on a CPU.
class FasterFloatProducts {
public:
    FasterFloatProducts() { at::globalContext().setFloat32MatmulPrecision(std::string("high")); }
    ~FasterFloatProducts() {
        at::globalContext().setFloat32MatmulPrecision(std::string("highest"));
    }
    FasterFloatProducts(const FasterFloatProducts&) = delete;
    FasterFloatProducts& operator=(const FasterFloatProducts&) = delete;
};

} // namespace bwla
