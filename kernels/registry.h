// SPDX-License-Identifier: GPL-3.0-or-later
//
// Every small kernel of the processor backends, in order: reference, portable, avx2, avx512. The
// reference entry of a (verb, kind) is the scalar twin that the others are checked against.
#pragma once

#include "kernels/cpu/cpu_features.h"
#include "kernels/kernel_types.h"

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

namespace bwla {

enum class KernelVerb : std::uint8_t {
    normalize,
    rotate,
    quantize,
    projectQuantized,
    projectFloat,
    linearFloat,     ///< by weight kind; reads Activations::x
    linearQuantized, ///< binary; reads Activations::q
    finishFloat,
    finishQuantized,
    gate,
    store,  ///< by cache type, f32, f16 or rowInt8
    widen,  ///< by weight kind, f32, f16 or rowInt8
    attend, ///< by cache type, f32, f16 or rowInt8
};

using KernelBody =
    std::variant<NormalizeKernel, RotateKernel, QuantizeKernel, ProjectQuantizedKernel,
                 ProjectFloatKernel, LinearKernel, FinishFloatKernel, FinishQuantizedKernel,
                 GateKernel, StoreKernel, WidenKernel, AttendKernel>;

struct Kernel {
    KernelVerb verb;
    WeightKind kind; ///< f32 where the verb has no kinds
    CpuLevel level;
    std::string_view name;
    KernelBody body;
};

/// All kernels compiled into this program, whether this processor can run them or not.
[[nodiscard]] std::span<const Kernel> allKernels();

/// Whether `features` suffice for the kernel.
[[nodiscard]] bool canRun(const Kernel& kernel, const CpuFeatures& features);

/// The scalar twin of (verb, kind). Throws KernelError{unsupported} if there is none.
[[nodiscard]] const Kernel& scalarTwin(KernelVerb verb, WeightKind kind);

/// The kernels one backend works with.
class KernelTable {
public:
    /// For each (verb, kind) the last registered kernel at `level` or below that the processor can
    /// run. The quantized product decides the layout of signs; the float product follows it.
    KernelTable(CpuLevel level, const CpuFeatures& features);

    [[nodiscard]] CpuLevel level() const { return level_; }
    [[nodiscard]] Layout binaryLayout() const { return binaryLayout_; }
    /// Throws KernelError{unsupported}.
    [[nodiscard]] const Kernel& kernel(KernelVerb verb, WeightKind kind = WeightKind::f32) const;
    template<class Body>
    [[nodiscard]] const Body& get(KernelVerb verb, WeightKind kind = WeightKind::f32) const {
        return std::get<Body>(kernel(verb, kind).body);
    }
    [[nodiscard]] std::span<const Kernel* const> chosen() const { return chosen_; }

private:
    CpuLevel level_;
    Layout binaryLayout_ = Layout::rowMajor;
    std::vector<const Kernel*> chosen_;
    std::array<std::array<const Kernel*, 4>, std::size_t(KernelVerb::attend) + 1> byVerb_{};
};

// One list a folder; allKernels() joins them.
[[nodiscard]] std::span<const Kernel> referenceKernels();
[[nodiscard]] std::span<const Kernel> portableKernels();
[[nodiscard]] std::span<const Kernel> avx2Kernels();
[[nodiscard]] std::span<const Kernel> avx512Kernels();

} // namespace bwla
