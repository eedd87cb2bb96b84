// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "kernels/backend.h"

#include <functional>
#include <memory>
#include <optional>
#include <utility>

namespace bwla::test {

/// A backend that tells the test about every run before passing it on.
class WrappedBackend : public Backend {
public:
    /// `info` is said instead of the inner backend's own.
    WrappedBackend(std::unique_ptr<Backend> inner, std::function<void(const Step&)> beforeRun,
                   std::optional<BackendInfo> info = std::nullopt)
        : inner_(std::move(inner)), beforeRun_(std::move(beforeRun)), info_(std::move(info)) {}

    [[nodiscard]] BackendInfo info() const override { return info_.value_or(inner_->info()); }
    std::unique_ptr<Linear> upload(const HostLinear& linear) override {
        return inner_->upload(linear);
    }
    std::unique_ptr<Input> upload(const HostInput& input) override { return inner_->upload(input); }
    std::unique_ptr<KvCache> kvCache(const KvShape& shape) override {
        return inner_->kvCache(shape);
    }
    std::unique_ptr<Plan> record(const Forward& forward, int batch) override {
        return inner_->record(forward, batch);
    }
    bool run(Plan& plan, const Step& step, std::stop_token stop) override {
        beforeRun_(step);
        return inner_->run(plan, step, std::move(stop));
    }

private:
    std::unique_ptr<Backend> inner_;
    std::function<void(const Step&)> beforeRun_;
    std::optional<BackendInfo> info_;
};

} // namespace bwla::test
