// SPDX-License-Identifier: GPL-3.0-or-later
//
// The one seam between the engine and the machine. core/engine writes the forward pass once, as
// calls on a Recorder; a backend turns them into a Plan (closures on the CPU, commands on Vulkan)
// that runs many times without being recorded again.
#pragma once

#include "kernels/host_linear.h"
#include "kernels/kernel_error.h"
#include "kernels/kernel_report.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

namespace bwla {

/// Uploaded weights of one linear. Layout private to the backend that made it; it must outlive
/// every Plan that uses it and must not be used with another backend.
class Linear {
public:
    virtual ~Linear() = default;
    [[nodiscard]] virtual WeightKind kind() const = 0;
    [[nodiscard]] virtual std::int64_t rows() const = 0;
    [[nodiscard]] virtual std::int64_t cols() const = 0;
    /// Bytes of memory it occupies where the backend keeps it.
    [[nodiscard]] virtual std::int64_t bytes() const = 0;
};

/// Uploaded HostInput. Lifetime as Linear.
class Input {
public:
    virtual ~Input() = default;
    [[nodiscard]] virtual std::int64_t cols() const = 0;
    [[nodiscard]] virtual std::int64_t rank() const = 0;
    [[nodiscard]] virtual std::int64_t bytes() const = 0;
};

/// Keys and values of one session: layers x capacity positions x kvHeads x headDim, keys after
/// rotary. F16, or F32 on the reference backend; or 8 bits with a scale of each head's key and
/// value (CpuOptions::cacheBits, VulkanOptions::cacheBits). Positions are written by attend;
/// rewinding is the caller's business (a later Step simply starts at a smaller position).
class KvCache {
public:
    virtual ~KvCache() = default;
    [[nodiscard]] virtual std::int64_t capacity() const = 0; ///< positions
    [[nodiscard]] virtual std::int64_t bytes() const = 0;
};

struct KvShape {
    std::int64_t layers = 0;
    std::int64_t capacity = 0; ///< positions
    std::int64_t kvHeads = 0;
    std::int64_t headDim = 0;
};

/// A float32 work buffer of a plan: batch rows of `cols` values. Cheap to copy, valid for the plan
/// that made it.
struct Buffer {
    int id = -1;
    std::int64_t cols = 0;
};

/// The prepared input of a group (x'' of every row of the batch, quantized or not, with its
/// low-rank projection). Cheap to copy, valid for the plan that made it.
struct Prepared {
    int id = -1;
    std::int64_t cols = 0;
};

/// RMSNorm (Zhang and Sennrich 2019): x * gain / sqrt(mean(x^2) + epsilon). Empty gain = no norm.
struct NormSpec {
    std::span<const float> gain; ///< [cols]; copied at the call
    float epsilon = 0.0F;
};

/// Causal grouped-query attention with rotary embeddings in the half-split order of Hugging Face
/// (element d pairs with d + headDim / 2).
struct AttendSpec {
    std::int64_t layer = 0;
    std::int64_t heads = 0;
    std::int64_t kvHeads = 0;
    std::int64_t headDim = 0;
    std::span<const float> inverseFrequencies; ///< [headDim / 2]; copied at the call
};

/// Where linear() puts one weight's product.
struct LinearTarget {
    const Linear* weight = nullptr;
    Buffer out;              ///< cols == weight->rows()
    bool accumulate = false; ///< out += W x'' (residual) instead of out = W x''
};

enum class HeadRows { last, all };

/// Random weights of a shape, see Backend::synthesize.
struct SynthLinear {
    WeightKind kind = WeightKind::binary; ///< f16, rowInt8 or binary
    std::int64_t rows = 0;
    std::int64_t cols = 0;
    std::int64_t rank = 0; ///< binary only
    std::uint32_t seed = 1;
};

/// What one kind of work took in the timed runs of a plan.
struct WorkTime {
    std::string work;             ///< "product 5120 x 25600", for instance
    std::int64_t calls = 0;       ///< of one run
    double microseconds = 0;      ///< of all its calls in the last run
    std::int64_t weightBytes = 0; ///< that they read in it
};

/// The verbs of the forward pass. Only a backend makes one, only during record(); each call
/// appends to the plan. Throws KernelError{badShape, unsupported}.
class Recorder {
public:
    virtual ~Recorder() = default;
    /// Scratch of (batch, cols) float32; contents undefined until written.
    virtual Buffer buffer(std::int64_t cols) = 0;
    /// out[t] = row tokens[t] of `table` (kinds f32, f16, rowInt8; rows = vocabulary).
    virtual void embed(const Linear& table, Buffer out) = 0;
    /// Norm, rotation, column scale, activation quantizer and low-rank projection in one step.
    /// bits 16 keeps x'' as float, otherwise 2..8 (HostInput).
    virtual Prepared prepare(const NormSpec& norm, const Input& input, Buffer x, int bits) = 0;
    /// Products of several weights with one prepared input.
    virtual void linear(Prepared x, std::span<const LinearTarget> targets) = 0;
    /// Rotates q and k, appends k and v to the cache at Step::position .., attends causally.
    /// q, out: heads * headDim columns; k, v: kvHeads * headDim.
    virtual void attend(const AttendSpec& spec, Buffer q, Buffer k, Buffer v, Buffer out) = 0;
    /// out = silu(gate) * up; out may be gate or up. Where both are products made just before, the
    /// backend may make them one step: gate and up are then left as they were.
    virtual void gate(Buffer gate, Buffer up, Buffer out) = 0;
    /// Final norm and head; at most one call a plan, see Plan::logits.
    virtual void head(const NormSpec& norm, const Linear& table, Buffer x, HeadRows rows) = 0;
};

using Forward = std::function<void(Recorder&)>;

/// What changes from one run of a plan to the next.
struct Step {
    std::span<const std::int32_t> tokens; ///< 1 .. batch ids; sets the rows of this run
    std::int64_t position = 0;            ///< of tokens[0] in the session
    KvCache* cache = nullptr;             ///< needed where the plan attends
    /// More than 0: whoever asks needs only so many of the likeliest tokens after the last row, at
    /// most mostLikeliest; see Plan::likeliest. For plans with HeadRows::last.
    int likeliest = 0;
};
inline constexpr int mostLikeliest = 128;

struct TokenLogit {
    std::int32_t id = 0;
    float logit = 0;
};

/// One row of a Prepared as integers: x'' was replaced by scale * offset, offset = q - z.
struct PreparedRow {
    float scale = 0.0F;
    std::int32_t zero = 0;
    std::vector<std::int32_t> offset; ///< [cols]
};

/// A recorded forward pass for up to batch() rows. One run at a time.
class Plan {
public:
    virtual ~Plan() = default;
    [[nodiscard]] virtual int batch() const = 0;
    /// Logits of the last run, (1 or rows of that run) x vocabulary; valid until the next run.
    /// Empty where likeliest() is not.
    [[nodiscard]] virtual std::span<const float> logits() const = 0;
    /// Step::likeliest tokens or more, unordered; no other has a greater logit. Logits that are no
    /// numbers are among them. Empty where none were asked for or the backend has all at hand
    /// anyway: then logits() has them.
    [[nodiscard]] virtual std::span<const TokenLogit> likeliest() const { return {}; }
    /// For tests and studies: sets a buffer before a run, reads one after it. values and the
    /// result hold rows * cols floats.
    virtual void write(Buffer buffer, std::span<const float> values) = 0;
    [[nodiscard]] virtual std::vector<float> read(Buffer buffer, std::int64_t rows) const = 0;
    /// Rows of a quantized input after a run. Throws KernelError{unsupported} at bits 16.
    [[nodiscard]] virtual std::vector<PreparedRow> read(Prepared prepared,
                                                        std::int64_t rows) const = 0;
    /// Where the time of the last run went, in the order of first appearance; empty unless the plan
    /// was recorded after Backend::timePlans(true) and the backend can tell.
    [[nodiscard]] virtual std::vector<WorkTime> times() const { return {}; }
};

struct BackendInfo {
    std::string backend; ///< "reference", "cpu", "vulkan"
    std::string device;  ///< the processor's or GPU's own name
    std::string variant; ///< kernels in use, "avx512" for instance
    int threads = 0;     ///< 0 where the notion does not apply
};

/// All methods are called from one thread at a time. Throws KernelError.
class Backend {
public:
    virtual ~Backend() = default;
    [[nodiscard]] virtual BackendInfo info() const = 0;
    /// Which kernels compute the plans recorded so far, and why.
    [[nodiscard]] virtual KernelReport kernelReport() const { return {}; }

    /// Rows of a prompt's run that keep it busy; a run is what a stop waits for. 128 are enough for
    /// a processor of two cores.
    [[nodiscard]] virtual int promptRows() const { return 128; }

    /// Bytes of memory free for weights and caches where the backend keeps them; 0 = unknown.
    [[nodiscard]] virtual std::int64_t freeMemory() const { return 0; }

    [[nodiscard]] virtual std::unique_ptr<Linear> upload(const HostLinear& linear) = 0;
    /// Random weights, made where the backend keeps them if it can: for benchmarks of models that
    /// are too large to make on the host. Sums of products have a variance of about 1 for inputs of
    /// variance 1.
    [[nodiscard]] virtual std::unique_ptr<Linear> synthesize(const SynthLinear& what);
    [[nodiscard]] virtual std::unique_ptr<Input> upload(const HostInput& input) = 0;
    [[nodiscard]] virtual std::unique_ptr<KvCache> kvCache(const KvShape& shape) = 0;

    /// Calls `forward` once with a recorder for runs of 1 .. batch rows.
    [[nodiscard]] virtual std::unique_ptr<Plan> record(const Forward& forward, int batch) = 0;
    /// Runs the plan. Returns false when `stop` was requested before it finished; buffers and
    /// logits are then undefined, cache positions from step.position on as well.
    virtual bool run(Plan& plan, const Step& step, std::stop_token stop = {}) = 0;
    /// Plans recorded from now on say where their time goes, where the backend can tell; the clock
    /// readings cost some of it.
    virtual void timePlans(bool) {}
};

/// How a cache of so many bits keeps its values: f32, f16, rowInt8. Throws
/// KernelError{unsupported} for other numbers.
[[nodiscard]] WeightKind cacheKind(int bits);

/// The scalar authority: one thread, float32 throughout, F32 cache.
[[nodiscard]] std::unique_ptr<Backend> makeReferenceBackend();

struct CpuOptions {
    int threads = 0; ///< 0 = one a physical core
    /// Of keys and values: 32, as the reference keeps them; 16; or 8 with a scale for each head and
    /// position. With 16 the default model's float32 logits move by 4.3e-4, four times what goldens
    /// allow; docs/performance.md has the divergence of 8.
    int cacheBits = 16;
};

/// The processor with the best kernels it has; BWLA_CPU_LEVEL = portable | avx2 | avx512 forces a
/// level. Throws KernelError{unknownOverride} for an unknown value or one this processor lacks.
[[nodiscard]] std::unique_ptr<Backend> makeCpuBackend(const CpuOptions& options = {});

} // namespace bwla
