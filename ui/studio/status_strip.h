// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/studio/page.h"

#include <QFrame>
#include <QTimer>

class QLabel;
class QPushButton;

namespace bwla::ui {

/// The bottom line: device in use, running job (click opens its page), memory of this program.
class StatusStrip : public QFrame {
    Q_OBJECT

public:
    explicit StatusStrip(QWidget* parent = nullptr);
    void setDevice(const QString& text);
    void setJob(const std::optional<JobStatus>& status);
    [[nodiscard]] QString jobText() const;

Q_SIGNALS:
    void jobClicked();

private:
    void readMemory();

    QLabel* device_;
    QPushButton* job_;
    QLabel* memory_;
    QTimer timer_;
};

} // namespace bwla::ui
