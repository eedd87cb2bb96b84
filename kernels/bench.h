// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "kernels/backend.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bwla {

/// What a matrix product is fed with: weights and activation bits.
enum class BenchFormat : std::uint8_t { f32, f16, q8, w1a16, w1a6 };

[[nodiscard]] std::vector<BenchFormat> benchFormats();
/// "f32", "f16", "q8" (int8 with a scale a row), "w1a16", "w1a6".
[[nodiscard]] std::string_view benchFormatName(BenchFormat format);

struct BenchCase {
    std::int64_t rows = 4096;  ///< outputs
    std::int64_t cols = 14336; ///< inputs
    int columns = 1;           ///< tokens at once
    BenchFormat format = BenchFormat::w1a6;
    bool cold = false;    ///< rotate copies that together exceed the caches
    double seconds = 0.5; ///< of timing, at least 5 runs
};

/// One product timed alone: activations are prepared (normed, quantized, encoded) before the clock
/// starts, the epilogue with its row scales is inside.
struct BenchResult {
    double us = 0; ///< microseconds of a run: the best where weights are hot, the median where cold
    double medianUs = 0;
    double spread = 0;      ///< (90th percentile - best) / us
    double weightBytes = 0; ///< read by a run
    double gbPerSecond = 0; ///< weightBytes / us
    double roofShare = 0;   ///< gbPerSecond / roof(); above 1 where caches serve the weights
    std::string variant;    ///< kernel name
    bool chosen = false;    ///< by measuring, among so many candidates (KernelUse)
    int candidates = 0;
    bool verified = false; ///< outputs equal the scalar twin's within 1e-5 (integers exactly)
};

/// Times products on one device. Throws KernelError.
class ProductBench {
public:
    virtual ~ProductBench() = default;
    [[nodiscard]] virtual BackendInfo info() const = 0;
    /// GB/s of memory that the device reaches with nothing but reading (cpu) or copying (vulkan);
    /// measured once.
    [[nodiscard]] virtual double roof() = 0;
    [[nodiscard]] virtual BenchResult run(const BenchCase& what) = 0;
    /// All kernels and launch shapes that can compute it, for those who choose among them.
    [[nodiscard]] virtual std::vector<BenchResult> runEveryVariant(const BenchCase& what) {
        return {run(what)};
    }
};

/// Times the kernels `BWLA_CPU_LEVEL` selects on `threads` threads (0 = one a physical core). The
/// roof is what the threads read together from 512 MB.
class KernelBench final : public ProductBench {
public:
    explicit KernelBench(int threads = 0);
    ~KernelBench() override;
    KernelBench(const KernelBench&) = delete;
    KernelBench& operator=(const KernelBench&) = delete;

    [[nodiscard]] BackendInfo info() const override;
    [[nodiscard]] double roof() override;
    [[nodiscard]] BenchResult run(const BenchCase& what) override;

private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace bwla
