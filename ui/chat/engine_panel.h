// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/engine/engine_device.h"
#include "ui/widgets/worker.h"

#include <QWidget>

#include <functional>
#include <optional>

class QCheckBox;
class QComboBox;
class QLabel;

namespace bwla::ui {

/// Where the models compute: automatic, the processor, or a Vulkan device, and what runs there now.
class EnginePanel : public QWidget {
    Q_OBJECT

public:
    explicit EnginePanel(QWidget* parent = nullptr);

    /// Asks for the devices on a thread of its own, once.
    void listDevices(const std::function<std::vector<EngineDevice>()>& devices);
    /// `name` is said where the device is not (yet) known to be here.
    void setDevice(const std::string& id, const QString& name);
    /// Device and kernels of the last answer; empty = none yet.
    void setRunning(const QString& device);
    /// What computes there, why, and what does not.
    void setKernels(const KernelReport& report);
    /// Of the device that `id` means, if that is known.
    [[nodiscard]] std::optional<EngineDevice> device(const std::string& id) const;
    void setCacheBits(int bits);
    [[nodiscard]] QComboBox* choice() const { return choice_; }
    [[nodiscard]] QCheckBox* byteCache() const { return byteCache_; }
    [[nodiscard]] QString text() const;

Q_SIGNALS:
    void deviceChosen(const std::string& id, const QString& name);
    void cacheBitsChosen(int bits);
    void devicesListed();

private:
    void fill(const std::vector<EngineDevice>& devices);

    QComboBox* choice_;
    QCheckBox* byteCache_;
    QLabel *running_, *kernels_, *note_;
    std::vector<EngineDevice> devices_;
    std::string device_; ///< chosen
    QString name_;
    bool asked_ = false, listed_ = false;
    Worker worker_; ///< last: stopped before the others go
};

} // namespace bwla::ui
