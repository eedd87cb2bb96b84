// SPDX-License-Identifier: GPL-3.0-or-later
//
// Include from .cpp files of bwla_quant only.
#pragma once

#include "core/quant/kl_text.h"
#include "core/quant/trainable_model.h"

#include <ATen/ATen.h>

#include <cstdint>
#include <vector>

namespace bwla {

/// All windows of a text, on the device: those of the file, then the self-written ones.
class WindowPool {
public:
    WindowPool(const KlText& text, const std::string& device);
    /// Which windows a step reads: they depend on the seed and the step alone, so that a resumed
    /// run reads what an undisturbed one would. File and self-written windows come evenly mixed,
    /// and none is read again before all of its kind are.
    [[nodiscard]] std::vector<std::int64_t> draw(std::int64_t count, std::uint64_t seed,
                                                 std::int64_t step) const;
    /// `count` different windows, evenly spaced: `fileShare` of them of the file if there is enough
    /// other text, in an order that mixes both.
    [[nodiscard]] std::vector<std::int64_t> sample(std::int64_t count, double fileShare) const;
    /// (windows.size(), tokens), int64.
    [[nodiscard]] at::Tensor ids(const std::vector<std::int64_t>& windows) const;
    [[nodiscard]] std::int64_t size() const { return ids_.size(0); }
    [[nodiscard]] std::int64_t tokens() const { return ids_.size(1); }

private:
    at::Tensor ids_; ///< (size, tokens), int32
    std::int64_t fileWindows_;
    double fileShare_;
};

/// The original's last hidden rows of windows. Those that fit in the device's spare memory are
/// computed once: text is read several times, and the original does not change.
class TeacherRows {
public:
    TeacherRows(const ModelSource& source, const TrainingPlace& place, const WindowPool& pool);
    /// Into rows (windows.size(), tokens, width).
    void write(const std::vector<std::int64_t>& windows, at::Tensor& rows);
    /// Of any text (windows, tokens), computed now: (windows, tokens, width).
    [[nodiscard]] at::Tensor of(const at::Tensor& ids) const;
    [[nodiscard]] const at::Tensor& head() const { return model_.head(); }

private:
    [[nodiscard]] bool isKnown(std::int64_t window) const;
    void compute(const std::vector<std::int64_t>& windows);

    const WindowPool& pool_;
    TeacherModel model_;
    std::int64_t keeps_; ///< windows 0 .. keeps_ - 1 are kept
    std::vector<bool> known_;
    at::Tensor kept_;               ///< (keeps_, tokens, width)
    std::vector<at::Tensor> fresh_; ///< (tokens, width) each
};

} // namespace bwla
