// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

#include <string>

class QComboBox;
class QLineEdit;

namespace bwla::ui {

/// What `--calibration` says: the model's own text, a file, or half of each.
class CalibrationForm : public QWidget {
    Q_OBJECT

public:
    explicit CalibrationForm(QWidget* parent = nullptr);

    void setCalibration(const std::string& calibration);
    [[nodiscard]] std::string calibration() const;

Q_SIGNALS:
    void edited();

private:
    void chooseFile();
    void take();

    QComboBox* kind_;
    QWidget* fileRow_;
    QLineEdit* file_;
    bool setting_ = false;
};

} // namespace bwla::ui
