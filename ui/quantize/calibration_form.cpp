// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/quantize/calibration_form.h"

#include <QComboBox>
#include <QFileDialog>
#include <QHBoxLayout>
#include <QLineEdit>
#include <QPushButton>
#include <QVBoxLayout>

namespace bwla::ui {
namespace {

enum Kind { self, file, both };
const QString ownToo = "+self";

} // namespace

CalibrationForm::CalibrationForm(QWidget* parent)
    : QWidget(parent), kind_(new QComboBox), fileRow_(new QWidget), file_(new QLineEdit) {
    kind_->addItems(
        {tr("Written by the model itself"), tr("A text file"), tr("A file and its own text")});
    auto* choose = new QPushButton(tr("Choose…"));
    auto* row = new QHBoxLayout(fileRow_);
    row->setContentsMargins(0, 0, 0, 0);
    row->addWidget(file_, 1);
    row->addWidget(choose);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(4);
    column->addWidget(kind_);
    column->addWidget(fileRow_);
    file_->setAccessibleName(tr("Text file"));
    file_->setPlaceholderText(tr("UTF-8 text"));
    file_->setToolTip(tr("A text file, read as it is."));
    choose->setAccessibleName(tr("Choose a text file"));
    connect(kind_, &QComboBox::currentIndexChanged, this, &CalibrationForm::take);
    connect(file_, &QLineEdit::editingFinished, this, &CalibrationForm::take);
    connect(choose, &QPushButton::clicked, this, &CalibrationForm::chooseFile);
}

void CalibrationForm::setCalibration(const std::string& calibration) {
    setting_ = true;
    QString text = QString::fromStdString(calibration);
    const Kind kind = text == "self" ? self : text.endsWith(ownToo) ? both : file;
    kind_->setCurrentIndex(kind);
    if (kind == both)
        text.chop(ownToo.size());
    if (kind != self) // else the file stays for another look
        file_->setText(text);
    fileRow_->setVisible(kind != self);
    setting_ = false;
}

std::string CalibrationForm::calibration() const {
    if (kind_->currentIndex() == self)
        return "self";
    const QString text = file_->text().trimmed();
    return (kind_->currentIndex() == both ? text + ownToo : text).toStdString();
}

void CalibrationForm::take() {
    fileRow_->setVisible(kind_->currentIndex() != self);
    if (!setting_)
        Q_EMIT edited();
}

void CalibrationForm::chooseFile() {
    const QString chosen = QFileDialog::getOpenFileName(this, tr("Calibration text"), file_->text(),
                                                        tr("Texts (*.txt *.md);;All files (*)"));
    if (chosen.isEmpty())
        return;
    file_->setText(chosen);
    take();
}

} // namespace bwla::ui
