// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/store/record_activations_job.h"
#include "ui/widgets/job_bridge.h"

#include <QWidget>

class QLabel;
class QProgressBar;
class QPushButton;

namespace bwla::ui {

class Banner;
class Theme;

/// Offers to record the activations that a quantized model lacks, and does it in the background:
/// progress and Cancel while it runs, its error inline.
class RecordNow : public QWidget {
    Q_OBJECT

public:
    explicit RecordNow(Theme& theme, QWidget* parent = nullptr);

    /// What to record from now on. A job for another model is cancelled.
    void setModel(const RecordActivationsSettings& settings);
    /// The layer in view has none and could have: the offer is shown.
    void setMissing(bool missing);
    [[nodiscard]] bool running() const { return bridge_.running(); }

Q_SIGNALS:
    void recorded();

private:
    void start();
    void redraw();
    void finish(const Outcome<RecordActivationsResult>& outcome);

    RecordActivationsSettings settings_;
    QPushButton *start_, *cancel_;
    QProgressBar* progress_;
    QLabel* phase_;
    Banner* problem_;
    JobBridge bridge_;
    bool missing_ = false;
};

} // namespace bwla::ui
