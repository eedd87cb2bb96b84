// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "kernels/vulkan_backend.h"

#include <QString>
#include <QStringList>

namespace bwla::test {

/// Hears the Vulkan validation layer, synchronization validation included. Outlives the backends
/// that are made with its options.
class VulkanListener {
public:
    VulkanListener() = default;
    VulkanListener(const VulkanListener&) = delete;
    VulkanListener& operator=(const VulkanListener&) = delete;

    [[nodiscard]] VulkanOptions options(const VulkanMask& mask = {}) {
        VulkanOptions options;
        options.allowSoftware = true;
        options.mask = mask;
        options.validation = [this](std::string_view message) {
            messages_.append(QString::fromUtf8(message.data(), qsizetype(message.size())));
        };
        return options;
    }
    /// Empty where the layer watched and found nothing, or there is no device to watch.
    [[nodiscard]] QString heard() const {
        return vulkanValidates() || vulkanDevices().empty()
                   ? messages_.join('\n')
                   : "Nothing was validated: install vulkan-validationlayers.";
    }

private:
    QStringList messages_;
};

} // namespace bwla::test
