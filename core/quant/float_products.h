// SPDX-License-Identifier: GPL-3.0-or-later
//
// Include from .cpp files of bwla_quant only.
#pragma once

#include <ATen/Context.h>

#include <string>
#include <utility>

namespace bwla {

/// How exactly a GPU multiplies float32 matrices while it lives; no effect on a CPU. The whole
/// process has one precision, so one thread at a time says which.
class FloatProducts {
public:
    /// 10 bits of mantissa: enough for weights that are made anew each step, where bfloat16 would
    /// round a row's scale the same way for all of them.
    static constexpr const char* fast = "high";
    static constexpr const char* exact = "highest";

    explicit FloatProducts(const char* precision) : before_(std::exchange(current_, precision)) {
        set(precision);
    }
    ~FloatProducts() { set(current_ = before_); }
    FloatProducts(const FloatProducts&) = delete;
    FloatProducts& operator=(const FloatProducts&) = delete;

private:
    static void set(const char* precision) {
        at::globalContext().setFloat32MatmulPrecision(std::string(precision));
    }

    inline static const char* current_ = exact;
    const char* before_;
};

} // namespace bwla
